"""What the desk says of a stretch of days is what a replay of those days says; and what vetoed
entries would have made is what the rules alone make of the same bars."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analytics.vetoed import Ended
from desk import decide
from desk.executions import executions
from desk.statistics import Statistics, excursion, exit_reasons, statistics
from desk.vetoed import vetoed
from market.loaded import LoadedFeed
from replay.alone import round_trips
from replay.result import Result
from replay.tally import tally
from risk.limits import Allowance
from tests.replay.sampled import CASH, STRATEGY, Sample, Ship, sample, ship
from trading.signals import Signal, SignalState

FIRST, LAST = date(2024, 3, 1), date(2024, 6, 28)
EXACT = {"rel": 1e-9}


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def voyage(bars: Sample) -> Ship:
    """Four months, every signal approved, with the whole account for its one strategy."""

    async def sailed() -> Ship:
        sessions = bars.sessions(FIRST, LAST)
        there = await ship(bars, sessions[0])
        there.desk.strategies = {STRATEGY.name: STRATEGY}
        await there.sail(sessions)
        return there

    return asyncio.run(sailed())


async def told(bars: Sample, voyage: Ship) -> tuple[Statistics, Result]:
    desk, sessions = voyage.desk, bars.sessions(FIRST, LAST)
    result = tally(
        STRATEGY,
        voyage.journal,
        await desk.books.ledger(),
        LoadedFeed(bars.panel, desk.calendar),
        desk.calendar,
        sessions,
        params=(),
        symbols=len(bars.panel),
        sample=True,
        currency="USD",
        capital=CASH,
        costs="",
        hold=np.full(len(sessions), 1.0),
        held=0,
    )
    return await statistics(desk, date.min, LAST), result


async def test_the_desk_says_what_the_replay_says(bars: Sample, voyage: Ship):
    found, result = await told(bars, voyage)
    mine = found.stats
    assert found.capital == CASH
    assert mine.net == result.profit
    assert mine.trades == len(result.trades)
    assert mine.sharpe == pytest.approx(result.sharpe, **EXACT)
    assert mine.max_drawdown == pytest.approx(result.drawdown.share, **EXACT)
    assert mine.growth == pytest.approx(result.growth, **EXACT)
    assert mine.profit_factor == pytest.approx(result.profit_factor, **EXACT)
    assert mine.win_rate == result.win_rate
    assert mine.expectancy == result.average
    assert mine.exposure_capital == pytest.approx(result.exposed, **EXACT)
    assert mine.turnover == pytest.approx(result.turnover, **EXACT)
    assert mine.fees == result.fees
    assert mine.drawdown_trough == result.days[result.drawdown.place]
    returns = [trade.returned for trade in result.trades]
    assert (mine.best_return, mine.worst_return) == (max(returns), min(returns))


async def test_a_strategys_capital_is_its_allocation(voyage: Ship):
    found = await statistics(voyage.desk, FIRST, LAST, STRATEGY.name)
    assert found.capital == CASH * voyage.desk.plan(STRATEGY.name).allowance.allocation
    assert found.stats.net == (await statistics(voyage.desk, FIRST, LAST)).stats.net


async def test_two_halves_add_up_to_the_whole_and_the_second_begins_where_the_first_ended(
    voyage: Ship,
):
    middle = date(2024, 4, 30)
    one = await statistics(voyage.desk, FIRST, middle)
    two = await statistics(voyage.desk, middle + timedelta(days=1), LAST)
    whole = await statistics(voyage.desk, FIRST, LAST)
    assert two.capital == one.capital + one.stats.net
    assert one.days + two.days == whole.days
    assert one.trades + two.trades == whole.trades
    assert one.stats.net + two.stats.net == whole.stats.net


async def test_every_trade_ended_by_the_rule_or_its_stop(voyage: Ship):
    trades = (await voyage.desk.books.ledger()).trades
    reasons = await exit_reasons(voyage.desk, trades)
    assert set(reasons) == {trade.closed_by for trade in trades}
    assert set(reasons.values()) <= {"exit rule", "stop"}


async def test_executions_cost_what_fills_and_fees_came_to(bars: Sample, voyage: Ship):
    found = await executions(voyage.desk, FIRST, LAST)
    _, result = await told(bars, voyage)
    assert sum((one.costs for one in found), Decimal(0)) == result.fees
    assert all(one.signal_price is not None for one in found)
    for one in found:
        assert one.signal_price is not None
        whole = (one.price - one.signal_price) * one.side.sign * one.quantity
        assert one.slippage == whole


async def test_excursions_hold_the_trade_between_them(voyage: Ship):
    trades = (await voyage.desk.books.ledger()).trades
    for trade in trades[:10]:
        found = await excursion(voyage.desk, trade)
        assert found is not None
        made = float(trade.exit / trade.entry - 1)
        assert found.adverse <= made <= found.favourable
        assert not found.certain  # it left at an open: the rest of that bar was not its own


async def test_vetoed_entries_are_what_the_rules_alone_make(bars: Sample):
    """Every entry is turned down; without the stop, each would have been a round trip of the
    strategy by itself, at the same prices."""
    sessions = bars.sessions(FIRST, LAST)
    there = await ship(bars, sessions[0])
    desk = there.desk
    desk.strategies = {STRATEGY.name: STRATEGY}
    desk.plans = {
        name: replace(plan, allowance=Allowance(max_positions=1000))
        for name, plan in desk.plans.items()
    }
    await there.sail(sessions, approvals={STRATEGY.name: 0})
    for signal in await desk.journal.read(Signal, state=SignalState.PENDING):
        await decide.reject(desk, signal.id, by="operator:1")
    for signal in list(there.journal.facts(Signal)):
        await desk.journal.move(signal, stop=None)
    alone = round_trips(STRATEGY, bars.panel)
    trips = {
        (symbol, came.astype("datetime64[D]").item()): (left.astype("datetime64[D]").item(), a, b)
        for symbol, came, left, a, b in zip(
            alone.symbol.tolist(), alone.entered, alone.left, alone.entry, alone.exit, strict=True
        )
    }
    found = await vetoed(desk, FIRST, LAST)
    ended = [one for one in found if one.course.ended is Ended.EXIT]
    assert len(ended) > 20
    matched = 0
    for one in ended:
        trip = trips.get((one.symbol, one.course.entered))
        if trip is not None:  # the rules alone may already have held it since before the voyage
            assert (one.course.left, one.course.entry, one.course.exit) == trip
            matched += 1
    assert matched > 0.8 * len(ended)
    books = [(one.symbol, one.course.entered, one.course.left) for one in found]
    for symbol, entered, _ in books:
        held = [b for b in books if b[0] == symbol and b[1] < entered <= b[2]]
        assert not held, "one book is never held twice"


async def test_what_a_feed_cannot_show_is_said_in_a_line(voyage: Ship):
    from trading.errors import DataError
    from wiring import NoPrices

    there = await ship(voyage.sample, voyage.sample.sessions(FIRST, LAST)[0])
    there.desk.feed = NoPrices()
    with pytest.raises(DataError, match="no bars are kept here"):
        await vetoed(there.desk, FIRST, LAST)
