"""open_desk(settings): chooses clock, journal, broker, feed, voice. The only place that knows
the mode.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from choices import costs, digests, discipline, estimate, limits, operators, plans
from configured import Configured
from db.journal import OrmJournal, open_journal
from db.posts import Meta
from desk.desk import Desk, Plan
from desk.halt import of_broker, of_strategy
from desk.timetable import Jobs
from desk.vault import Vault
from folder import (
    bars_folder,
    instruments_file,
    master_key,
    paper_address,
    paper_book,
    prepare,
)
from lanes.bell import RedisBell
from market import exchanges
from market.instruments import InstrumentBook
from markets import universes
from owning import owners
from replay.demo_clock import DemoClock
from settings import Settings
from trading.clocks import (
    Clocks,
    MarketClock,
    ScaledClock,
    SimulatedClock,
    SystemClock,
    WallClock,
)
from trading.errors import BrokerError, ConfigError, DataError
from trading.ports import Bell, Broker, Calendar, Feed, Journal
from trading.types import Quote
from vitals import Measured

if TYPE_CHECKING:  # heavy: only the processes that scan or trade load them
    from brokers.paper import PaperBroker
    from brokers.paper_client import PaperClient
    from market.store import BarStore
    from strategies.folder import Found
    from trading.bars import Strategy

log = structlog.get_logger(__name__)
PAPER_TIMEOUT, PAPER_CONNECT = 5.0, 1.0  # wall seconds its process may take to answer
DAILY_CHORES = ("backup", "restore-check", "reconcile:session", "autonomy")
BROKER = "paper"
CALENDAR = "XNYS"  # whose sessions the shipped sample keeps


@dataclass(frozen=True, slots=True)
class Base:
    """What every process opens. `demo` is the demo's clock hand, None elsewhere."""

    settings: Settings
    journal: OrmJournal
    bell: Bell
    wall: WallClock
    market: MarketClock
    clocks: Clocks
    calendar: Calendar
    instruments: InstrumentBook
    desk_id: str
    demo: DemoClock | None


@dataclass(frozen=True, slots=True)
class Rooms:
    """A process that trades or scans: the desk with a feed, a broker and the strategies."""

    base: Base
    desk: Desk
    store: "BarStore"
    strategies: "dict[str, Strategy]"


def strategies(settings: Settings, found: "Found | None" = None) -> "dict[str, Strategy]":
    """Those the settings run. Raises ConfigError for a strategy nobody wrote, one whose file was
    refused, or a parameter it does not take."""
    from strategies.params import with_params
    from strategies.registry import find

    found = found or strategy_files(settings)
    known = known_strategies(found)
    refused = "; ".join(found.refused.values())
    for name in settings.strategies:
        if name not in known and refused:
            raise ConfigError(f"no strategy is called {name!r}; refused: {refused}")
    return {
        name: with_params(find(name, known), chosen.params)
        for name, chosen in settings.strategies.items()
    }


def strategy_files(settings: Settings) -> "Found":
    """What the strategy folder holds; a refused file does not keep the others out."""
    from strategies.folder import Found, load_folder
    from strategies.registry import STRATEGIES

    if not settings.strategy_folder:
        return Found()
    return load_folder(Path(settings.strategy_folder).expanduser(), STRATEGIES)


def known_strategies(found: "Found") -> "Mapping[str, Strategy]":
    """Ours and those of the strategy folder."""
    from strategies.registry import STRATEGIES

    return {**STRATEGIES, **found.strategies}


def calendar_of(settings: Settings, name: str = "") -> Calendar:
    """The desk's own without a `name`. Raises DataError for an exchange nobody knows, ConfigError
    where it is the settings that name it."""
    chosen = exchanges.named(name or settings.calendar)
    try:
        return exchanges.calendar_of(chosen, settings.data.absolute() / "calendars")
    except DataError as error:
        if name:
            raise
        raise ConfigError(f"setting 'calendar' = {settings.calendar!r}: {error}") from error


def timetable(settings: Settings, chosen: Mapping[str, Plan], house: Calendar) -> Jobs:
    """Raises ConfigError for a job that cannot be read, or of a kind nobody carries out."""
    from worker.shipped import Given, table

    given = {name: Given(**job.model_dump()) for name, job in settings.jobs.items()}
    if settings.mode == "demo":  # a day takes 20 seconds there
        given = {name: Given(enabled=False) for name in DAILY_CHORES} | given
    return table(chosen, given, house, partial(calendar_of, settings))


@asynccontextmanager
async def open_base(
    settings: Settings, *, bell: Bell | None = None, clocks: Clocks | None = None
) -> AsyncIterator[Base]:
    """`bell` replaces Redis: the command line's square-off needs neither it nor Telegram."""
    prepare(settings)
    clocks = clocks or Clocks()
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(open_journal(settings.database_url))
        if bell is None:
            bell = await stack.enter_async_context(RedisBell(settings.redis))
        wall = clocks.wall
        calendar = calendar_of(settings)
        market: MarketClock = clocks.market or SystemClock()
        demo = None
        if settings.mode == "demo":
            demo = DemoClock(journal, wall, calendar)
            market = ScaledClock(wall, demo.read)
        yield Base(
            settings=settings,
            journal=journal,
            bell=bell,
            wall=wall,
            market=market,
            clocks=clocks,
            calendar=calendar,
            instruments=InstrumentBook.load(instruments_file(settings)),
            desk_id=await Meta(journal).settle("desk_id", f"qd{secrets.token_hex(3)}"),
            demo=demo,
        )


def voice_desk(base: Base) -> Desk:
    """A desk to read and tell from, without prices, brokers or strategies: the bot's."""
    desk = _desk(base, NoPrices(), {}, {})
    desk.scopes = latched_scopes(base.settings)
    return desk


def latched_scopes(settings: Settings) -> tuple[str, ...]:
    """What can be halted besides everything, known without opening any of it."""
    return (*map(of_strategy, settings.strategies), of_broker(BROKER))


@asynccontextmanager
async def open_desk(
    settings: Settings,
    *,
    bell: Bell | None = None,
    clocks: Clocks | None = None,
    owner: str = "desk",
) -> AsyncIterator[Rooms]:
    """The whole desk, with every part it trades with, opened and closed together. `owner` begins
    the name under which it sends orders."""
    from market.history import HistoryFeed
    from market.store import BarStore

    found = strategy_files(settings)
    known = strategies(settings, found)
    for reason in found.refused.values():
        log.warning("a strategy file was refused", reason=reason)
    async with open_base(settings, bell=bell, clocks=clocks) as base:
        store = BarStore(bars_folder(settings))
        feed = HistoryFeed(store, base.calendar)
        await base.market.refresh()
        async with _paper(base) as paper, owners(settings, base.journal.store, owner) as held:
            desk = _desk(base, feed, {paper.name: paper}, plans(settings, known))
            desk.owners, desk.strategies = held, known
            yield Rooms(base, desk, store, known)


@asynccontextmanager
async def _paper(base: Base) -> AsyncIterator[Broker]:
    """The paper broker's process; where the house is down, its book opened here instead.

    Only a command line without Redis meets the second: a house that is starting keeps asking.
    """
    from brokers.paper_client import PaperClient

    client = PaperClient(
        paper_address(base.settings),
        timeout=base.clocks.machine(PAPER_TIMEOUT),
        connect_timeout=base.clocks.machine(PAPER_CONNECT),
        rate=base.clocks.rate,
    )
    async with client:
        if not isinstance(base.bell, Silence) or await _serves(client):
            yield client
            return
    broker = paper_broker(base)
    try:
        yield broker
    finally:
        broker.close()


async def _serves(client: "PaperClient") -> bool:
    try:
        await client.health()
    except BrokerError:
        return False
    return True


def paper_broker(base: Base) -> "PaperBroker":
    """The paper broker on its book; one process at a time (ConfigError)."""
    from brokers.paper import PaperBroker
    from brokers.paper_book import PaperBook
    from market.history import HistoryFeed
    from market.store import BarStore

    settings = base.settings
    return PaperBroker(
        HistoryFeed(BarStore(bars_folder(settings)), base.calendar),
        base.market,
        base.instruments,
        costs(settings),
        cash=settings.capital,
        currency=settings.currency,
        book=PaperBook(paper_book(settings)),
    )


def _desk(
    base: Base, feed: Feed, brokers: Mapping[str, Broker], chosen: Mapping[str, Plan]
) -> Desk:
    return Desk(
        journal=base.journal,
        market=base.market,
        wall=base.wall,
        feed=feed,
        instruments=base.instruments,
        calendar=base.calendar,
        brokers=brokers,
        plans=chosen,
        bell=base.bell,
        desk_id=base.desk_id,
        currency=base.settings.currency,
        operators=operators(base.settings),
        discipline=discipline(base.settings),
        vault=Vault(partial(master_key, base.settings)),
        configuration=Configured(base.settings),
        limits=limits(base.settings),
        methods=base.settings.lots,
        rates=base.settings.rates,
        estimate=estimate(base.settings),
        digests=digests(base.settings, base.calendar, partial(calendar_of, base.settings)),
        universes=universes(base.settings),
        jobs=timetable(base.settings, chosen, base.calendar) if brokers else {},
        rest=base.clocks.sleep,
        vitals=Measured(base.journal, base.settings.redis, base.settings.data.absolute()),
    )


def desk_of_replay(
    settings: Settings,
    journal: Journal,
    clock: SimulatedClock,
    store: "BarStore",
    known: "dict[str, Strategy]",
) -> Desk:
    """`replay_desk` over the bars of a store, with the data folder's instruments."""
    from market.history import HistoryFeed

    calendar = calendar_of(settings)
    instruments = InstrumentBook.load(instruments_file(settings))
    feed = HistoryFeed(store, calendar)
    return replay_desk(settings, journal, clock, feed, instruments, calendar, known)


def replay_desk(
    settings: Settings,
    journal: Journal,
    clock: SimulatedClock,
    feed: Feed,
    instruments: InstrumentBook,
    calendar: Calendar,
    known: "dict[str, Strategy]",
) -> Desk:
    """The same desk on an in-memory journal, a simulated clock and a paper broker in process."""
    from brokers.paper import PaperBroker

    broker = PaperBroker(
        feed,
        clock,
        instruments,
        costs(settings),
        cash=settings.capital,
        currency=settings.currency,
    )
    chosen = plans(settings, known)
    return Desk(
        journal=journal,
        market=clock,
        wall=clock,
        feed=feed,
        instruments=instruments,
        calendar=calendar,
        brokers={broker.name: broker},
        plans=chosen,
        bell=Silence(),
        desk_id="replay",
        currency=settings.currency,
        limits=limits(settings).of_history(),
        methods=settings.lots,
        rates=settings.rates,
        universes=universes(settings),
        jobs=timetable(settings, chosen, calendar),
    )


class Silence:
    """A bell that nobody hears: replay, and a command line without Redis."""

    async def ring(self, lane: str, ids: Iterable[int] = ()) -> None:
        del lane, ids


class NoPrices:
    """The voice shows recorded facts; a price it made up would be a wrong figure."""

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        raise RuntimeError(f"the voice has no prices, not even of {symbol} at {at}")

    def known_through(self) -> datetime:
        raise RuntimeError("the voice has no prices")
