"""The demo's past: replayed in memory, then loaded into a real journal and a paper book."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from brokers.paper import PaperBroker
from brokers.paper_book import PaperBook
from db.journal import open_journal
from db.loading import load
from desk import report
from folder import instruments_file
from market.history import HistoryFeed
from market.instruments import InstrumentBook
from replay.demo_clock import DemoClock
from replay.seed import ENTRIES_A_DAY, Past, live_through, with_start
from tests.replay.sampled import STRATEGY, Sample, Ship, sample, ship
from trading.clocks import SimulatedClock, SystemClock
from trading.errors import ConfigError
from trading.facts import ClockReading, ClockStatus, Cursor, Notice, Picture
from trading.money import Adjustment, Mark
from trading.orders import WORKING, Fill, Order
from trading.signals import Signal, SignalState
from wiring import calendar_of, desk_of_replay

FIRST, LAST = date(2024, 4, 1), date(2024, 6, 28)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("seed"))


async def lived(bars: Sample) -> tuple[Ship, Past]:
    from replay.engine import Script
    from strategies.answers import all_answers

    sessions = bars.sessions(FIRST, LAST)
    there = await ship(bars, sessions[0])
    script = Script(STRATEGY, all_answers(STRATEGY, bars.panel))
    return there, await live_through(there.desk, there.journal, there.clock, [script], sessions)


async def test_the_past_loads_into_a_journal_and_a_book_that_agree(bars: Sample, tmp_path: Path):
    there, past = await lived(bars)
    calendar, now = calendar_of(bars.settings), there.clock.at + timedelta(minutes=4)
    clock = SimulatedClock(now)
    book = tmp_path / "paper.sqlite3"

    def broker() -> PaperBroker:
        return PaperBroker(
            HistoryFeed(bars.store, calendar),
            clock,
            InstrumentBook.load(instruments_file(bars.settings)),
            book=PaperBook(book),
        )

    filled = broker()
    filled.load(past.deposits, past.fills, past.orders)
    fills, position = await filled.fills("")
    filled.close()
    async with open_journal(tmp_path / "journal.sqlite3") as journal:
        reading = DemoClock(journal, SystemClock(), calendar).first_reading(now)
        cursor = Cursor(f"fills:{filled.name}:{filled.account_id}", position)
        started = with_start(past, reading, [cursor])
        await load(journal, started.facts)
        with pytest.raises(ConfigError, match="already holds"):
            await load(journal, started.facts)
        for kind in (Adjustment, Signal, Order, Fill, Mark):
            assert await journal.read(kind) == there.journal.facts(kind)

        desk = desk_of_replay(bars.settings, journal, clock, bars.store, {STRATEGY.name: STRATEGY})
        reopened = broker()
        desk.brokers = {reopened.name: reopened}
        agreed = await report.broker_agrees(desk)
        assert (agreed.differences, agreed.error) == ((), "")
        account = await reopened.account()
        ledger = await desk.books.ledger()
        assert ledger.cash["paper", "USD"] == account.cash
        assert ledger.deposits["paper", "USD"] == bars.settings.capital
        found = await report.profit(desk, "all")
        assert found.total == account.equity - bars.settings.capital
        assert (await reopened.fills(position))[0] == [], "the live desk reads on from here"
        assert len(fills) == len(past.fills) > 20
        reopened.close()


async def test_the_past_tells_nothing_and_leaves_nothing_to_do(bars: Sample):
    there, past = await lived(bars)
    assert there.journal.facts(Notice) == there.journal.facts(Picture) == []
    assert not [order for order in past.orders if order.state in WORKING]
    assert all(signal.state is not SignalState.PENDING for signal in past.facts[Signal])
    newest = max(signal.bar for signal in past.facts[Signal])
    assert newest.date() < LAST, "the last close is the demo's first scan"
    taken: dict[object, int] = {}
    for signal in past.facts[Signal]:
        if signal.state is SignalState.APPROVED and not signal.is_exit:
            taken[signal.bar] = taken.get(signal.bar, 0) + 1
    assert max(taken.values()) <= ENTRIES_A_DAY


async def test_a_start_adds_the_clock_and_how_far_the_broker_was_read(bars: Sample):
    _, past = await lived(bars)
    reading = ClockReading(past.fills[-1].at, past.fills[-1].at, 1.0, ClockStatus.HELD, "x")
    started = with_start(past, reading, [Cursor("a", "1"), Cursor("b", "2")])
    assert [row.id for row in started.facts[ClockReading]] == [1]
    assert [(row.id, row.name) for row in started.facts[Cursor]] == [(1, "a"), (2, "b")]
    assert started.fills == past.fills
