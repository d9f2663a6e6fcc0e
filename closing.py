"""Halting and squaring off from a terminal: by the database and the brokers alone."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from choices import operators
from db.journal import open_journal
from desk import audit, crew, latching, notices, squareoff
from desk.console import closing, safety
from desk.desk import Desk
from desk.halt import scopes
from desk.scope import ALL, Scope
from folder import lived_in, prepare
from market.instruments import InstrumentBook
from replay.demo_clock import DemoClock
from settings import Settings
from trading.clocks import Clocks, MarketClock, ScaledClock, SystemClock
from trading.errors import BadCommand, ConfigError
from trading.facts import Lane, Latch, Request, Trading
from trading.messages import bold, message
from wiring import NoPrices, Rooms, Silence, calendar_of, latched_scopes, open_desk

BY = "command line"
LOOK = 1.0  # wall seconds between two rounds
Sure = Callable[[str], object]  # asks; leaves where the answer is no


@asynccontextmanager
async def _latches(settings: Settings) -> AsyncIterator[Desk]:
    """A desk without brokers, prices or instruments: a halt needs none of them."""
    lived_in(settings)
    prepare(settings)
    wall, calendar = SystemClock(), calendar_of(settings)
    async with open_journal(settings.database_url) as journal:
        market: MarketClock = SystemClock()
        if settings.mode == "demo":
            market = ScaledClock(wall, DemoClock(journal, wall, calendar).read)
        await market.refresh()
        desk = Desk(
            journal=journal,
            market=market,
            wall=wall,
            feed=NoPrices(),
            instruments=InstrumentBook(()),
            calendar=calendar,
            brokers={},
            plans={},
            bell=Silence(),
            desk_id="",
            currency=settings.currency,
            operators=operators(settings),
            scopes=latched_scopes(settings),
        )
        await crew.muster(desk)
        yield desk


async def tighten(settings: Settings, verb: str, words: Sequence[str]) -> str:
    """`halt` or `reduce`, of what the words name; what was done. Raises BadCommand where there is
    no such strategy or broker, and nothing was done."""
    async with _latches(settings) as desk:
        now = desk.wall.now()
        found = latching.wanted(Request("cli", "", verb, now, tuple(words)), scopes(desk))
        if found is None:
            raise BadCommand(safety.unknown(desk, words))
        done = await safety.tighten(desk, found, by=BY, verb=verb)
        await _keep(desk, verb, words)
        if isinstance(done, Latch):
            return safety.tighter(desk, done)
        title, rest = done
        await notices.tell(
            desk, message(bold(f"{title} from the command line"), rest), lane=Lane.CRITICAL
        )
        return f"{title}{rest}"


async def _keep(desk: Desk, verb: str, words: Sequence[str]) -> None:
    await audit.act(desk.journal, desk.wall.now(), BY, "cli", verb, *words)


async def resume(settings: Settings, words: Sequence[str], sure: Sure) -> str:
    """Asks with what may be sent then. No code: whoever has this shell has the database too."""
    async with _latches(settings) as desk:
        scope = await safety.scope_named(desk, words)
        row = await desk.journal.first(Latch, name=scope.key)
        if row is None or row.state is Trading.ACTIVE:
            return "It is active; there is nothing to resume."
        await safety.check_closed(desk, scope)
        sure(await safety.question(desk, scope, row))
        title, rest = await safety.loosen(desk, scope, by=BY)
        await _keep(desk, "resume", words)
        await notices.tell(
            desk, message(bold(f"{title} from the command line"), rest), lane=Lane.CRITICAL
        )
        return f"{title}{rest}"


async def square_off(
    settings: Settings,
    scope: Scope,
    sure: Sure,
    *,
    wait: bool = True,
    clocks: Clocks | None = None,
) -> int:
    """Until the brokers show nothing of the scope, printing each step: 0 when flat, 2 where
    something is left. Without `wait` it ends with 2 once only an open is waited for; the house, or
    the same command, goes on with it then."""
    lived_in(settings)
    async with open_desk(settings, bell=Silence(), clocks=clocks, owner="cli") as rooms:
        desk = rooms.desk
        await rooms.base.market.refresh()
        await crew.muster(desk)
        if scope != ALL:
            scope = await closing.scope_named(desk, scope.args)
        lines = "\n".join(await closing.would_close(desk, scope))
        sure(f"{lines}\nSquare off {scope.words}?")
        run = await squareoff.begin(desk, scope, by=BY)
        await _keep(desk, "squareoff", scope.args)
        return await _until_flat(rooms, run.id, scope, wait=wait)


async def _until_flat(rooms: Rooms, number: int, scope: Scope, *, wait: bool) -> int:
    from brokers.paper import PaperBroker
    from trading.facts import Run

    desk, said = rooms.desk, ""
    while True:
        await rooms.base.market.refresh()
        for broker in desk.brokers.values():
            if isinstance(broker, PaperBroker):
                await broker.work()  # the house is down, so nobody else fills what rests
        run = await desk.journal.first(Run, id=number)
        if run is None:
            raise ConfigError(f"square-off {number} has gone from the database")
        progress = await squareoff.advance(desk, run)
        text = squareoff.wording_of(desk, progress, scope=scope)
        if text != said:
            print(text, flush=True)
            said = text
        if progress.ended:
            return 0 if progress.flat else 2
        closed = desk.calendar.session_at(desk.market.now()) is None
        if closed and not wait and progress.waits:
            return 2
        await rooms.base.clocks.sleep(LOOK)
