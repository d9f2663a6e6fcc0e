"""Every verb in one table: what it does, how it is written, where it is listed."""

import asyncio
from difflib import get_close_matches
from importlib import import_module

from desk import audit, inbox, notices, rights, wording
from desk.console import (
    backtest,
    bars,
    chart,
    closing,
    deciding,
    digests,
    helping,
    jobs,
    lists,
    manual,
    money,
    reasons,
    safety,
    service,
    snoozed,
)
from desk.console.allocate import allocate
from desk.console.calendar import calendar
from desk.console.compare import compare
from desk.console.governing import GOVERNING
from desk.console.health import health
from desk.console.locks import locks_
from desk.console.pnl import pnl
from desk.console.reconcile import ACTS, reconcile
from desk.console.risk import risk
from desk.console.trades import trades
from desk.console.unknown import unknown
from desk.console.verb import Handler, Verb
from desk.console.why import why
from desk.desk import Desk
from trading.errors import DeskError, JournalError, QuarterdeckError
from trading.facts import Lane, Request, RequestState
from trading.messages import bold, message
from trading.people import Role


def late(name: str) -> Handler:
    """The handler in the module of its own name, loaded when it is first asked: it computes with
    numpy, and the bot only lists it."""

    async def handler(desk: Desk, request: Request) -> None:
        module = import_module(f"desk.console.{name}")
        await getattr(module, name)(desk, request)

    return handler


mode, performance, printed, stats, trade, veto, slippage = map(
    late, ("mode", "performance", "printed", "stats", "trade", "veto", "slippage")
)


async def help_(desk: Desk, request: Request) -> None:
    if await reasons.heard(desk, request):
        return
    said = helping.answer(request.args, VERBS)
    await notices.answer(desk, request, said, edits=deciding.pressed(request))


OWNER, TRADER = Role.OWNER, Role.TRADER
LISTED = {"add": TRADER, "remove": TRADER}

VERBS: dict[str, Verb] = {
    "signals": Verb(deciding.signals, "signals waiting for a decision", topic="Signals"),
    "approve": Verb(
        deciding.approve,
        "carry out signals; all of a strategy asks once",
        "ID… [half] | all STRATEGY",
        topic="Signals",
        needs=TRADER,
    ),
    "reject": Verb(
        deciding.reject,
        "turn signals down",
        "ID… [reason] | all STRATEGY",
        topic="Signals",
        needs=TRADER,
    ),
    "snooze": Verb(snoozed.snooze, "bring a card back later", "ID [15m|1h|end|off]", "Signals"),
    "why": Verb(why, "the whole story of a signal or order", "ID", topic="Signals", example="17"),
    "withdraw": Verb(
        deciding.withdraw,
        "take back an approval not yet sent",
        "ID",
        topic="Signals",
        needs=TRADER,
    ),
    "scan": Verb(service.scan, "look for signals now", "[strategy]", topic="Signals", needs=TRADER),
    "positions": Verb(money.positions, "what is held, at what price", topic="Trading"),
    "orders": Verb(money.orders, "orders working and done", topic="Trading"),
    "buy": Verb(
        manual.buy,
        "buy by hand; a card shows the effect first",
        "SYMBOL [UNITS|AMOUNT] [limit P] [stop P]",
        "Trading",
        "AAPL 5000usd",
        needs=TRADER,
        private=True,
    ),
    "sell": Verb(
        manual.sell,
        "sell by hand; a card shows the effect first",
        "SYMBOL [UNITS|AMOUNT] [limit P] [stop P]",
        "Trading",
        "AAPL 10 limit 210",
        needs=TRADER,
        private=True,
    ),
    "close": Verb(
        manual.close,
        "close an instrument in every book; asks once",
        "SYMBOL [half]",
        "Trading",
        "AAPL half",
        needs=TRADER,
        private=True,
    ),
    "cancel": Verb(
        manual.cancel, "cancel an order", "ORDER", "Trading", "12", needs=TRADER, private=True
    ),
    "modify": Verb(
        manual.change,
        "change an order: cancelled, then placed anew",
        "ORDER [qty N] [limit P]",
        "Trading",
        "12 limit 99.50",
        needs=TRADER,
        private=True,
    ),
    "unknown": Verb(
        unknown,
        "orders nobody knows the fate of",
        "[ID there|absent|ask]",
        topic="Trading",
        acts={"there": TRADER, "absent": TRADER, "ask": TRADER},
    ),
    "reconcile": Verb(
        reconcile,
        "compare our books with the brokers' now; settle what differs",
        topic="Trading",
        acts=dict.fromkeys(ACTS, TRADER),
    ),
    "mode": Verb(
        mode,
        "who decides: manual, veto or auto; away from manual asks twice",
        "[STRATEGY] [manual|veto|auto]",
        topic="Trading",
        needs=TRADER,
        private=True,
    ),
    "strategies": Verb(money.strategies, "who decides, money used and left", topic="Trading"),
    "allocate": Verb(
        allocate,
        "each strategy's money; more of it asks once",
        "[STRATEGY PERCENT|AMOUNT]",
        "Trading",
        "mean_reversion 50 %",
        needs=OWNER,
        private=True,
    ),
    "backtest": Verb(
        backtest.backtest, "a strategy over the past", "STRATEGY [period]", topic="Trading"
    ),
    "pnl": Verb(
        pnl,
        "profit and loss of a period, as a picture",
        "[today|week|month|quarter|ytd|all|FROM..TO] [strategy] [gross]",
        topic="Results",
        example="month",
    ),
    "daily": Verb(bars.daily, "P&L of the last days", "[N] [strategy]", "Results", "14"),
    "weekly": Verb(bars.weekly, "P&L of the last weeks", "[N] [strategy]", "Results", "12"),
    "monthly": Verb(bars.monthly, "P&L of the last months", "[N] [strategy]", "Results", "12"),
    "stats": Verb(
        stats, "win rate, Sharpe, drawdown and more", "[period] [strategy]", "Results", "ytd"
    ),
    "performance": Verb(
        performance,
        "trades in groups",
        "[symbol|strategy|weekday|hour|exit] [period]",
        "Results",
        "weekday",
    ),
    "trades": Verb(
        trades, "trades that ended, page by page", "[N|symbol|strategy]", "Results", "20"
    ),
    "trade": Verb(trade, "one trade from its signal to its profit", "ID", "Results", "17"),
    "slippage": Verb(
        slippage, "what prices and fees cost", "[period] [strategy]", "Results", "month"
    ),
    "veto": Verb(
        veto, "what you turned down would have made", "[period] [strategy]", "Results", "90d"
    ),
    "calendar": Verb(
        calendar, "each day's P&L as a heat map", "[year|month] [strategy]", "Results", "2026-02"
    ),
    "compare": Verb(compare, "strategies side by side", "[period]", "Results", "quarter"),
    "report": Verb(printed, "a month as a PDF to hand on", "[month]", "Results", "2026-02"),
    "digest": Verb(
        digests.digests,
        "what you read instead of looking: preview, mute, move",
        "[start|middle|end|week|month] [mute|unmute|move NAME …]",
        topic="Results",
        acts={"mute": OWNER, "unmute": OWNER, "move": OWNER},
    ),
    "watchlist": Verb(
        lists.watchlist,
        "instruments you keep an eye on",
        "[add|remove SYMBOL…]",
        topic="Lists",
        acts=LISTED,
    ),
    "blacklist": Verb(
        lists.blacklist,
        "instruments nobody may enter; letting one in again asks once",
        "[add|remove SYMBOL…] [until END] [reason]",
        topic="Lists",
        acts=LISTED,
    ),
    "locks": Verb(
        locks_,
        "what may not be entered for a while; lifting one asks once",
        "[add SYMBOL|STRATEGY|SIDE [until END] [reason]|remove N]",
        "Lists",
        "add AAPL until 3d earnings",
        acts={**LISTED, "lift": TRADER},
    ),
    "universe": Verb(
        lists.universe, "what strategies may enter, and how it is chosen", "[name]", topic="Lists"
    ),
    "halt": Verb(
        safety.halt,
        "no new orders, at once",
        "[strategy|broker] [reason]",
        topic="Safety",
        needs=TRADER,
        safer=True,
    ),
    "reduce": Verb(
        safety.reduce,
        "only orders that shrink a position, at once",
        "[strategy|broker] [reason]",
        topic="Safety",
        needs=TRADER,
        safer=True,
    ),
    "squareoff": Verb(
        closing.square_off,
        "close positions and halt; asks once",
        "[all|broker NAME|strategy NAME|SYMBOL]",
        topic="Safety",
        needs=TRADER,
        private=True,
    ),
    "risk": Verb(
        risk,
        "each limit with what is used of it",
        "[STRATEGY|ACCOUNT|SYMBOL]",
        topic="Safety",
        example="AAPL",
    ),
    "resume": Verb(
        safety.resume,
        "let trading go on; asks, with your code",
        "[strategy|broker] [code]",
        topic="Safety",
        needs=TRADER,
        private=True,
    ),
    "drill": Verb(
        closing.drill,
        "try a square-off on copies of the paper positions",
        "squareoff",
        topic="Safety",
        needs=TRADER,
    ),
    **GOVERNING,
    "jobs": Verb(
        jobs.jobs,
        "what runs by itself, and when",
        "[run|pause|resume] [NAME]",
        topic="Console",
        acts={"run": OWNER, "pause": OWNER, "resume": OWNER, "retry": OWNER},
    ),
    "health": Verb(health, "what is wrong, processes, queues, versions", topic="Console"),
    "help": Verb(help_, "this list, or more about one topic", "[topic]", "Console", "stats"),
    "start": Verb(service.start, "say hello; starts no trading", topic="Console"),
    "list": Verb(deciding.show_list),
    "dismiss": Verb(safety.dismiss),
    "reason": Verb(reasons.reason, needs=TRADER),
    "chart": Verb(chart.chart),
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
            verb = VERBS.get(request.verb)
            await audit.keep(desk, verb, request, answers, state=state, error=error)
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
    await rights.check(desk, request, verb)
    await verb.handler(desk, request)


async def _failed(desk: Desk, request: Request, failure: Exception) -> None:
    """An error of ours: the operator is told once, with a number to find it in the log."""
    state, error = RequestState.FAILED, repr(failure)[:500]
    async with desk.journal.transaction():
        ended = {"state": state, "error": error, "handled_at": desk.wall.now()}
        if await desk.journal.move(request, **ended):
            await audit.keep(desk, VERBS.get(request.verb), request, state=state, error=error)
    said = message(
        bold(f"/{request.verb} failed"),
        f"\nAn error of ours ({type(failure).__name__}); see request {request.id} in the log. "
        "Nothing more was done.",
    )
    await notices.tell(desk, said, lane=Lane.CRITICAL, topic="errors")
    await desk.bell.ring("postman")
