"""The demo's data folder: sample bars, six months of past, a clock; made once, then continued."""

from collections.abc import Sequence
from datetime import date, timedelta

from brokers.paper import PaperBroker
from brokers.paper_book import PaperBook
from db.journal import open_journal
from db.loading import load
from folder import bars_folder, install_sample, instruments_file, paper_book, prepare
from market.history import HistoryFeed
from market.instruments import InstrumentBook
from market.loaded import LoadedFeed
from market.resample import SESSIONS
from market.store import BarStore
from market.universe import Turnover
from replay.demo_clock import DemoClock
from replay.engine import Script
from replay.journal import MemoryJournal
from replay.seed import Past, live_through, with_start
from settings import Settings
from trading.clocks import SimulatedClock, SystemClock
from trading.facts import ClockReading, Cursor
from trading.money import Adjustment
from trading.ports import Calendar, Session
from wiring import calendar_of, replay_desk, strategies

FIRST_DAY = date(2025, 2, 3)  # a year of sessions lies ahead of it in the sample
PAST = timedelta(days=182)
AFTER_CLOSE = timedelta(minutes=4)  # the first scan comes a minute later


async def make(settings: Settings) -> bool:
    """Fill an empty data folder; False where the demo goes on from an earlier run."""
    prepare(settings)
    async with open_journal(settings.database_url) as journal:
        if await journal.first(ClockReading, name="market") is not None:
            return False
        install_sample(settings)
        store = BarStore(bars_folder(settings))
        calendar = calendar_of(settings)
        sessions = calendar.sessions(FIRST_DAY - PAST, FIRST_DAY)
        book_file = paper_book(settings)
        for leftover in (book_file, *book_file.parent.glob(f"{book_file.name}-*")):
            leftover.unlink(missing_ok=True)  # of a start that died before the journal had it
        past = await _past(settings, store, calendar, sessions)
        now = sessions[-1].close + AFTER_CLOSE
        book = PaperBook(book_file)
        broker = PaperBroker(
            HistoryFeed(store, calendar),
            SimulatedClock(now),
            InstrumentBook.load(instruments_file(settings)),
            currency=settings.currency,
            book=book,
        )
        broker.load(past.deposits, past.fills, past.orders)
        _, position = await broker.fills("")
        broker.close()
        reading = DemoClock(journal, SystemClock(), calendar).first_reading(now)
        cursor = Cursor(f"fills:{broker.name}:{broker.account_id}", position)
        await load(journal, with_start(past, reading, [cursor]).facts)
    return True


async def _past(
    settings: Settings, store: BarStore, calendar: Calendar, sessions: Sequence[Session]
) -> Past:
    known = strategies(settings)
    warmup = max(one.warmup * SESSIONS[one.timeframe] for one in known.values())
    since = sessions[0].day - timedelta(days=int(warmup * 1.6) + 30)
    panel = store.read(since=since, until=sessions[-1].day)
    clock = SimulatedClock(sessions[0].open)
    journal = MemoryJournal(alone=True)
    instruments = InstrumentBook.load(instruments_file(settings))
    feed = LoadedFeed(panel, calendar)
    desk = replay_desk(settings, journal, clock, feed, instruments, calendar, known)
    broker = next(iter(desk.brokers.values()))
    await journal.append(
        [
            Adjustment(
                broker.account_id,
                "opening",
                "deposit",
                settings.capital,
                settings.currency,
                clock.at,
            )
        ]
    )
    scripts = [Script.of(strategy, panel) for strategy in known.values()]
    ranking = Turnover(panel).most_traded
    return await live_through(desk, journal, clock, scripts, sessions, ranking)
