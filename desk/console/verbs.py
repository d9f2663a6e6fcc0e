"""Every verb in one table: what it does, how it is written, where it is listed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import get_close_matches

from desk import inbox, notices, wording
from desk.console import backtest, deciding, digests, jobs, lists, money, safety, service
from desk.console.health import health
from desk.console.pnl import pnl
from desk.console.reconcile import reconcile
from desk.console.unknown import unknown
from desk.desk import Desk
from trading.errors import DeskError, JournalError, QuarterdeckError
from trading.facts import Lane, Request, RequestState
from trading.messages import Span, bold, message

Handler = Callable[[Desk, Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Verb:
    """`usage` are the arguments as help shows them; without `help` only buttons use the verb."""

    handler: Handler
    help: str = ""
    usage: str = ""
    topic: str = ""


async def help_(desk: Desk, request: Request) -> None:
    parts: list[str | Span] = []
    for topic in dict.fromkeys(verb.topic for verb in VERBS.values() if verb.help):
        parts += [bold(topic), "\n"]
        for name, verb in VERBS.items():
            if verb.topic == topic and verb.help:
                usage = f" {verb.usage}" if verb.usage else ""
                parts.append(f"/{name}{usage}\n   {verb.help}\n")
        parts.append("\n")
    await notices.answer(desk, request, message(*parts))


VERBS: dict[str, Verb] = {
    "signals": Verb(deciding.signals, "signals waiting for a decision", topic="Signals"),
    "approve": Verb(deciding.approve, "carry out a signal", "ID", topic="Signals"),
    "reject": Verb(deciding.reject, "turn a signal down", "ID [reason]", topic="Signals"),
    "why": Verb(deciding.why, "the story of a signal", "ID", topic="Signals"),
    "withdraw": Verb(
        deciding.withdraw, "take back an approval not yet sent", "ID", topic="Signals"
    ),
    "scan": Verb(service.scan, "look for signals now", "[strategy]", topic="Signals"),
    "positions": Verb(money.positions, "what is held, at what price", topic="Money"),
    "orders": Verb(money.orders, "orders working and done", topic="Money"),
    "unknown": Verb(
        unknown, "orders nobody knows the fate of", "[ID there|absent|ask]", topic="Money"
    ),
    "pnl": Verb(
        pnl,
        "profit and loss of a period, as a picture",
        "[today|week|month|quarter|ytd|all|FROM..TO] [strategy] [gross]",
        topic="Money",
    ),
    "reconcile": Verb(
        reconcile, "compare our books with the brokers' now; settle what differs", topic="Money"
    ),
    "digest": Verb(
        digests.digests,
        "what you read instead of looking: preview, mute, move",
        "[start|middle|end|week|month] [mute|unmute|move NAME …]",
        topic="Money",
    ),
    "strategies": Verb(money.strategies, "who decides, money used and left", topic="Money"),
    "backtest": Verb(
        backtest.backtest, "a strategy over the past", "STRATEGY [period]", topic="Money"
    ),
    "watchlist": Verb(
        lists.watchlist, "instruments you keep an eye on", "[add|remove SYMBOL…]", topic="Lists"
    ),
    "blacklist": Verb(
        lists.blacklist,
        "instruments nobody may enter; letting one in again asks once",
        "[add|remove SYMBOL…] [reason]",
        topic="Lists",
    ),
    "universe": Verb(
        lists.universe, "what strategies may enter, and how it is chosen", "[name]", topic="Lists"
    ),
    "halt": Verb(safety.halt, "no new orders, at once", "[reason]", topic="Safety"),
    "squareoff": Verb(safety.square_off, "close everything; asks once, then halts", topic="Safety"),
    "resume": Verb(safety.resume, "let trading go on; asks once", topic="Safety"),
    "jobs": Verb(
        jobs.jobs, "what runs by itself, and when", "[run|pause|resume] [NAME]", topic="Console"
    ),
    "health": Verb(health, "what is wrong, processes, queues, versions", topic="Console"),
    "help": Verb(help_, "this list", topic="Console"),
    "start": Verb(service.start, "say hello; starts no trading", topic="Console"),
    "list": Verb(deciding.show_list),
    "dismiss": Verb(safety.dismiss),
}


async def handle(desk: Desk, request_id: int) -> None:
    """Carry out one recorded request, once. Every request is answered; none with a stack trace."""
    request = await inbox.claim(desk.journal, request_id, desk.wall.now())
    if request is None:
        return
    state, error = RequestState.DONE, ""
    with notices.held_back() as answers:
        try:
            await _carry_out(desk, request)
        except asyncio.CancelledError:  # the process ends: the next one carries it out, at once
            await desk.journal.move(request, leased_until=None)
            raise
        except JournalError:
            raise  # it stays new, and the sweep carries it out once the database is back
        except QuarterdeckError as refusal:
            state, error = RequestState.REFUSED, str(refusal)
            await notices.answer(desk, request, wording.capital(error) + ".")
        except Exception as failure:
            await desk.journal.append(answers)
            await _failed(desk, request, failure)
            raise
    async with desk.journal.transaction():
        ended = {"state": state, "error": error, "handled_at": desk.wall.now()}
        if await desk.journal.move(request, **ended):
            await desk.journal.append(answers)
    await desk.bell.ring("postman")


async def _carry_out(desk: Desk, request: Request) -> None:
    if inbox.came_late(request):
        raise DeskError(f"/{request.verb} came late, after a downtime: send it again")
    verb = VERBS.get(request.verb)
    if verb is None:
        told = [name for name, known in VERBS.items() if known.help]
        close = get_close_matches(request.verb[:30], told, 1)
        meant = f"did you mean /{close[0]}? " if close else ""
        raise DeskError(f"there is no command /{request.verb[:30]}; {meant}/help lists them all")
    await verb.handler(desk, request)


async def _failed(desk: Desk, request: Request, failure: Exception) -> None:
    """An error of ours: the operator is told once, with a number to find it in the log."""
    await desk.journal.move(
        request,
        state=RequestState.FAILED,
        error=repr(failure)[:500],
        handled_at=desk.wall.now(),
    )
    said = message(
        bold(f"/{request.verb} failed"),
        f"\nAn error of ours ({type(failure).__name__}); see request {request.id} in the log. "
        "Nothing more was done.",
    )
    await notices.tell(desk, said, lane=Lane.CRITICAL)
    await desk.bell.ring("postman")
