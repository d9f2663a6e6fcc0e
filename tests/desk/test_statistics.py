"""Statistics of the week of `test_report`, worked out by hand; capital 100,000.

AAPL  bought 50 @ 100 on Tuesday, sold @ 106 at Wednesday's open: net 298
MSFT  bought 50 @ 100 on Tuesday, held; closes 98, 97, 99, 99
TSLA  bought 50 @ 100 on Friday by another strategy, held; closes 103
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from db.journal import open_journal
from desk import decide, execute, propose
from desk.desk import Plan
from desk.executions import executions
from desk.statistics import excursion, exit_reasons, statistics
from desk.vetoed import vetoed
from tests.desk.test_report import FRI, MONDAY, NEXT, PRICES, THU, TUE, WED, Papers, week
from tests.world import CLOSE, World, answer, explain, world
from trading.bars import Bars
from trading.errors import DataError
from trading.money import Adjustment
from trading.orders import Fill
from trading.types import Side

D = Decimal


@dataclass
class Printed(Papers):
    """The same prices as bars whose high and low are 2 beyond open and close."""

    async def bars(
        self, symbols: Collection[str], first: date, at: datetime, timeframe: str = "1d"
    ) -> dict[str, Bars]:
        assert timeframe == "1d"
        return {s: bars for s in symbols if len(bars := self._bars(s, first, at))}

    def _bars(self, symbol: str, first: date, at: datetime) -> Bars:
        known = [
            day for day in PRICES.get(symbol, {})
            if first <= day and datetime.combine(day, CLOSE, UTC) <= at
        ]  # fmt: skip
        rows = np.array([PRICES[symbol][day] for day in known], np.float64).reshape(-1, 2)
        high, low = rows.max(axis=1, initial=0) + 2, rows.min(axis=1, initial=999) - 2
        days = np.array(known, "datetime64[us]")
        return Bars(symbol, days, rows[:, 0], high, low, rows[:, 1], np.zeros(len(known)))


async def test_a_week_by_hand():
    w = await week()
    w.go(FRI, 22)
    found = await statistics(w.desk, date.min, FRI)
    assert (found.currency, found.capital, found.as_of) == ("USD", 100_000, w.clock.at)
    assert [day.day for day in found.days] == [MONDAY, TUE, WED, THU, FRI]
    assert [day.net for day in found.days] == [0, 98, 49, 100, 149]
    assert [day.fees for day in found.days] == [0, 2, 1, 0, 1]
    assert [day.exposure for day in found.days] == [0, 10_100, 4850, 4950, 10_100]
    assert [day.traded for day in found.days] == [0, 10_000, 5300, 0, 5000]
    mine = found.stats
    assert (mine.net, mine.gross, mine.fees) == (396, 400, 4)
    assert (mine.trades, mine.wins, mine.expectancy) == (1, 1, 298)
    assert mine.mean_return == pytest.approx(298 / 5000)
    assert mine.average_holding == timedelta(days=1)
    assert mine.exposure_time == 4 / 5
    assert mine.max_drawdown == 0.0
    assert mine.fees_share == 0.01


async def test_a_strategy_counts_from_its_own_first_day():
    w = await week()
    w.go(FRI, 22)
    found = await statistics(w.desk, date.min, FRI, "rip")
    assert [(day.day, day.net) for day in found.days] == [(FRI, 149)]
    nobody = await statistics(w.desk, date.min, FRI, "gap")
    assert (nobody.days, nobody.trades, nobody.stats.sharpe) == ((), (), None)


async def test_sessions_that_were_not_marked_count_as_days_of_nothing():
    w = await week(mark=(TUE, FRI))
    w.go(FRI, 22)
    found = await statistics(w.desk, TUE, FRI)
    assert [(day.day, day.net) for day in found.days] == [
        (TUE, 98), (WED, 0), (THU, 0), (FRI, 298),
    ]  # fmt: skip


async def test_a_later_period_begins_with_what_was_earned_and_paid_in_before():
    w = await week()
    w.go(NEXT, 13)
    paid = Adjustment("paper", "more", "deposit", D(5000), "USD", w.clock.at)
    await w.journal.append([paid])
    w.go(NEXT, 22)
    friday = await statistics(w.desk, FRI, FRI)
    assert friday.capital == 100_000 + 247
    both = await statistics(w.desk, FRI, NEXT)
    assert [day.flow for day in both.days] == [0, 5000]
    assert (await statistics(w.desk, NEXT, NEXT)).capital == 105_396


async def test_why_a_trade_ended():
    w = await week()
    (closed,) = (await w.desk.books.ledger()).trades
    assert await exit_reasons(w.desk, [closed]) == {closed.closed_by: "exit rule"}


async def test_a_trade_nobody_ordered_ended_for_no_known_reason():
    w = await week()
    sold = Fill(
        "paper", "paper", "x", "elsewhere", "dip", "MSFT", Side.SELL, D(50), D(99), D(0), "USD",
        w.clock.at,
    )  # fmt: skip
    await w.journal.append([sold])
    trades = (await w.desk.books.ledger()).trades
    assert set(await exit_reasons(w.desk, trades)) == {trades[0].closed_by}


async def test_the_way_of_each_order_from_its_signal():
    """AAPL's exit was signalled at 100 (an old price), decided at Tuesday's close of 104 and
    filled at 106: a sale that gained 200 and then 100."""
    w = await week()
    w.go(FRI, 22)
    found = await executions(w.desk, TUE, FRI)
    assert [(one.symbol, one.side) for one in found] == [
        ("AAPL", "buy"), ("MSFT", "buy"), ("AAPL", "sell"), ("TSLA", "buy"),
    ]  # fmt: skip
    left = found[2]
    assert (left.signal_price, left.decision_price, left.price) == (100, 104, 106)
    assert (left.delay, left.execution, left.costs) == (-200, -100, 1)
    assert [one.key for one in await executions(w.desk, WED, WED)] == [left.key]
    assert [one.symbol for one in await executions(w.desk, TUE, FRI, "rip")] == ["TSLA"]


async def test_what_was_taken_back_was_no_execution():
    w = await week()
    w.go(FRI, 22)
    (sold,) = [f for f in await w.journal.read(Fill, symbol="AAPL") if f.side is Side.SELL]
    undo = Fill(
        "paper", "paper", "undo", sold.order_key, "dip", "AAPL", Side.BUY, D(50), D(106), D(0),
        "USD", w.clock.at, reverses=sold.execution_id,
    )  # fmt: skip
    await w.journal.append([undo])
    found = await executions(w.desk, TUE, FRI)
    assert [(one.symbol, one.side) for one in found if one.symbol == "AAPL"] == [("AAPL", "buy")]
    days = (await statistics(w.desk, TUE, FRI)).days
    assert sum(day.traded for day in days) == 3 * 50 * 100, "no turnover either"


async def test_how_far_a_trade_went_both_ways():
    """Tuesday 98 to 106, Wednesday 104 to 109; the bar of Wednesday covers what came after it."""
    w = await week()
    w.go(FRI, 22)
    (closed,) = (await w.desk.books.ledger()).trades
    assert await excursion(w.desk, closed) is None, "this feed keeps no bars"
    w.desk.feed = Printed(w.desk.feed.calendar)  # type: ignore[attr-defined]
    found = await excursion(w.desk, closed)
    assert found is not None
    assert (found.adverse, found.favourable) == (pytest.approx(-0.02), pytest.approx(0.09))
    assert not found.certain


async def turned_down(w: World, day: date, symbol: str) -> None:
    w.go(day, 21, 5)
    answers = [answer(symbol, day=day)]
    for signal in await propose.propose(w.desk, "gap", answers, explain=explain):
        await decide.reject(w.desk, signal.id, by="operator:1")


async def test_what_was_turned_down_would_have_lost():
    """MSFT proposed on Tuesday's close: 49 or so units from Wednesday's open of 98; its stop at 90
    is never reached; Friday's close is 99. Proposed again on Thursday, it would have been held."""
    w = await week()
    w.desk.feed = Printed(w.desk.feed.calendar)  # type: ignore[attr-defined]
    w.desk.plans = {**w.desk.plans, "gap": Plan("gap")}
    await turned_down(w, TUE, "MSFT")
    await turned_down(w, THU, "MSFT")
    w.go(FRI, 22)
    (one,) = await vetoed(w.desk, MONDAY, FRI)
    assert (one.strategy, one.symbol, one.state, one.long) == ("gap", "MSFT", "rejected", True)
    assert (one.course.entered, one.course.entry, one.course.exit) == (WED, 98.0, 99.0)
    assert one.course.ended == "still open"
    assert one.gain > 0
    assert one.gain == one.gain.to_integral_value(), "a whole number of units, one each"
    assert await vetoed(w.desk, MONDAY, FRI, "dip") == []


async def test_a_stop_ends_what_was_turned_down():
    """AAPL proposed on Monday with a stop at 90: Thursday falls to 88."""
    w = await week()
    w.desk.feed = Printed(w.desk.feed.calendar)  # type: ignore[attr-defined]
    w.desk.plans = {**w.desk.plans, "gap": Plan("gap")}
    await turned_down(w, TUE, "AAPL")
    w.go(FRI, 22)
    (one,) = await vetoed(w.desk, MONDAY, FRI)
    assert (one.course.entry, one.course.exit, one.course.ended) == (106.0, 90.0, "stop")


async def test_without_bars_nobody_can_say_what_was_missed():
    w = await week()
    with pytest.raises(DataError, match="no bars are kept here"):
        await vetoed(w.desk, MONDAY, FRI)


async def test_an_unknown_rate_is_refused_not_guessed():
    w = await week()
    w.go(FRI, 22)
    yen = Adjustment("paper", "yen", "deposit", D(5000), "JPY", w.clock.at)
    await w.journal.append([yen])
    with pytest.raises(DataError, match="JPY/USD"):
        await statistics(w.desk, TUE, FRI)


async def test_an_exit_below_the_stop_is_told_as_a_stop():
    """MSFT was bought with a stop at 90; Friday's signal to leave it comes at 89."""
    w = await week()
    w.go(FRI, 21, 5)
    answers = [answer("MSFT", day=FRI, enter=0, exit=True, price=89.0)]
    for signal in await propose.propose(w.desk, "dip", answers, explain=explain):
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(NEXT, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    trades = (await w.desk.books.ledger()).trades
    assert trades[-1].book.symbol == "MSFT"
    reasons = await exit_reasons(w.desk, trades)
    assert reasons[trades[-1].closed_by] == "stop"


async def test_a_real_database_says_the_same(tmp_path: Path):
    """Bought on Tuesday and sold on Wednesday at 106 by a signal; another expired."""
    async with open_journal(tmp_path / "desk.db") as journal:
        w = await world(journal)
        w.go(MONDAY, 21, 5)
        answers = [answer("AAPL"), answer("MSFT")]
        one, other = await propose.propose(w.desk, "dip", answers, explain=explain)
        await decide.approve(w.desk, one.id, by="operator:1")
        w.go(TUE, 14, 30)
        await execute.execute_due(w.desk, owner="t")
        await decide.expire(w.desk)
        w.go(TUE, 21, 5)
        answers = [answer("AAPL", day=TUE, enter=0, exit=True)]
        (leaving,) = await propose.propose(w.desk, "dip", answers, explain=explain)
        await decide.approve(w.desk, leaving.id, by="operator:1")
        w.tape.prices["AAPL"] = D(106)
        w.go(WED, 14, 30)
        await execute.execute_due(w.desk, owner="t")
        w.go(WED, 15)
        found = await statistics(w.desk, date.min, WED)
        assert found.stats.trades == 1
        assert found.stats.net == sum((t.net for t in found.trades), D(0))
        assert set((await exit_reasons(w.desk, found.trades)).values()) == {"exit rule"}
        assert [e.side for e in await executions(w.desk, MONDAY, WED)] == ["buy", "sell"]
        w.desk.feed = Printed(w.desk.calendar)  # type: ignore[arg-type]
        (missed,) = await vetoed(w.desk, MONDAY, WED)
        assert (missed.signal, missed.state, missed.course.entered) == (other.id, "expired", TUE)


async def test_all_there_is_can_be_asked_for_east_of_greenwich():
    w = await week()
    w.go(FRI, 22)
    w.desk.calendar.zone = "Asia/Kolkata"  # type: ignore[misc]
    w.desk.feed = Printed(w.desk.feed.calendar)  # type: ignore[attr-defined]
    assert len(await executions(w.desk, date.min, FRI)) == 4
    assert await vetoed(w.desk, date.min, FRI) == []
    assert (await statistics(w.desk, date.min, FRI)).stats.trades == 1
