"""Exits replayed: met inside the bar, the stop before the target, at prices that were there."""

import asyncio
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from desk import brackets, statistics
from folder import instruments_file
from market.instruments import InstrumentBook
from market.loaded import LoadedFeed
from replay.journal import MemoryJournal
from settings import StrategySettings
from tests.replay.sampled import CASH, STRATEGY, Sample, Ship, sample
from trading.brackets import Bracket, Trigger
from trading.clocks import SimulatedClock
from trading.money import Adjustment
from trading.orders import Fill, Order, OrderState, OrderType
from wiring import calendar_of, replay_desk

FIRST, LAST = date(2024, 3, 1), date(2024, 6, 28)
SLIP = Decimal("0.0003")


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("sample"))


async def sailed(bars: Sample, **exits: str | int) -> Ship:
    plan = StrategySettings.model_validate({"exits": exits})
    settings = bars.settings.model_copy(update={"strategies": {STRATEGY.name: plan}})
    sessions = bars.sessions(FIRST, LAST)
    clock, journal = SimulatedClock(sessions[0].open), MemoryJournal(alone=True)
    calendar = calendar_of(settings)
    feed = LoadedFeed(bars.panel, calendar)
    book = InstrumentBook.load(instruments_file(settings))
    known = {STRATEGY.name: STRATEGY}
    desk = replay_desk(settings, journal, clock, feed, book, calendar, known)
    await journal.append([Adjustment("paper", "opening", "deposit", CASH, "USD", clock.at)])
    there = Ship(bars, desk, journal, clock)
    await there.sail(sessions)
    return there


@pytest.fixture(scope="module")
def voyage(bars: Sample) -> Ship:
    return asyncio.run(sailed(bars, stop="2 %", target="3 %", sessions=5))


def bar(ship: Ship, fill: Fill) -> tuple[Decimal, ...]:
    one = ship.sample.panel[fill.symbol]
    at = one.ts == np.datetime64(fill.at.date(), "us")
    return tuple(Decimal(repr(float(prices[at][0]))) for prices in (one.open, one.low))


async def test_a_stop_fills_on_a_day_that_came_to_it_at_the_stop_or_the_open(voyage: Ship):
    stops = {o.key: o for o in voyage.journal.facts(Order) if o.type is OrderType.STOP}
    filled = [fill for fill in voyage.journal.facts(Fill) if fill.order_key in stops]
    assert len(filled) > 5
    for fill in filled:
        opened, low = bar(voyage, fill)
        stop = stops[fill.order_key].stop
        assert stop is not None
        assert low <= stop
        met = min(stop, opened)
        assert met * (1 - SLIP) - Decimal("0.01") <= fill.price <= met + Decimal("0.01")


async def test_every_trade_ends_by_its_stop_its_target_its_last_session_or_its_own_rule(
    voyage: Ship,
):
    trades = (await voyage.desk.books.ledger()).trades
    reasons = set((await statistics.exit_reasons(voyage.desk, trades)).values())
    assert reasons >= {"stop", "target", "last session"}
    for row in voyage.journal.facts(Bracket):
        if row.fired is Trigger.TARGET:
            assert row.target is not None
            assert row.target > row.entry


async def test_nothing_is_closed_twice_and_what_is_held_is_covered(voyage: Ship):
    assert await brackets.overclosed(voyage.desk) == []
    assert await brackets.uncovered(voyage.desk) == []
    held = {p.book.symbol for p in (await voyage.desk.books.ledger()).held()}
    resting = [o for o in voyage.journal.facts(Order) if o.state is OrderState.ACCEPTED]
    assert {order.symbol for order in resting} == held
    assert all(p.quantity > 0 for p in (await voyage.desk.books.ledger()).held())


async def test_a_trailing_stop_never_goes_back_in_a_replay(bars: Sample):
    ship = await sailed(bars, trail="3 %")
    stops: dict[str, list[Decimal]] = {}
    for order in ship.journal.facts(Order):
        if order.type is OrderType.STOP and order.stop is not None:
            stops.setdefault(order.key.rsplit("-", 1)[0], []).append(order.stop)
    assert any(len(moved) > 1 for moved in stops.values())
    assert all(moved == sorted(moved) for moved in stops.values())
