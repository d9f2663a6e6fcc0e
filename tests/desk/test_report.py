"""P&L by the day, against a week worked out by hand; and whether the broker's books agree.

AAPL  bought 50 @ 100 on Tuesday, sold @ 106 at Wednesday's open       realised 300
MSFT  bought 50 @ 100 on Tuesday, held; closes 98, 97, 99, 99
TSLA  bought 50 @ 100 on Friday by another strategy, held; closes 103
Every order costs 1.00.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from analytics.days import Day
from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import decide, execute, marks, propose, report
from desk.desk import Plan
from tests.world import MONDAY, Stocks, Weekdays, World, answer, at, explain, world
from trading.clocks import SimulatedClock
from trading.errors import BadCommand, BrokerError
from trading.money import Mark
from trading.orders import Fill, Order
from trading.types import Holdings, Quote, Side

D = Decimal
TUE, WED, THU, FRI = (MONDAY + timedelta(days=n) for n in (1, 2, 3, 4))
NEXT = MONDAY + timedelta(days=7)

#: Each session's open and close.
PRICES: dict[str, dict[date, tuple[int, int]]] = {
    "AAPL": {MONDAY: (100, 100), TUE: (100, 104), WED: (106, 107), THU: (107, 90)},
    "MSFT": {
        MONDAY: (100, 100), TUE: (100, 98), WED: (98, 97), THU: (97, 99), FRI: (99, 99),
        NEXT: (101, 101),
    },
    "TSLA": {MONDAY: (100, 100), FRI: (100, 103), NEXT: (103, 103)},
}  # fmt: skip

#: Cumulative net by session, and each day's own: what a person gets with a pencil.
CUMULATIVE = {TUE: D(98), WED: D(147), THU: D(247), FRI: D(396)}
DAYS = {TUE: D(98), WED: D(49), THU: D(100), FRI: D(149)}


@dataclass
class Papers:
    """A feed of printed prices: a session's open while it lasts, its close from then on."""

    calendar: Weekdays

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        open_ = self.calendar.session_at(at)
        printed = PRICES[symbol]
        if open_ is not None and open_.day in printed:
            return Quote(symbol, D(printed[open_.day][0]), open_.open)
        last = self.calendar.last_closed(at).day
        known = [day for day in printed if day <= last]
        if not known:
            return None
        return Quote(symbol, D(printed[max(known)][1]), at, tradable=False)

    def known_through(self) -> datetime:
        return at(NEXT, 21)


async def opened() -> World:
    calendar = Weekdays()
    feed, clock = Papers(calendar), SimulatedClock(at(MONDAY, 21, 5))
    broker = PaperBroker(feed, clock, Stocks(*PRICES), Costs(slippage_bps=D(0)), cash=D(100_000))
    w = await world(broker=broker)
    w.desk.feed = feed
    w.desk.market = w.desk.wall = w.clock = clock
    w.desk.plans = {"dip": Plan("dip"), "rip": Plan("rip")}
    return w


async def session(w: World, day: date, *, mark: bool = True) -> None:
    """The open's orders, and the close's mark."""
    w.go(day, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    w.go(day, 21, 2)
    if mark:
        await marked(w, day)


async def marked(w: World, day: date) -> list[Mark]:
    session = w.desk.calendar.session_on(day)
    assert session is not None
    return await marks.mark_session(w.desk, session)


async def taken(w: World, strategy: str, day: date, *symbols: str, exit: bool = False) -> None:
    """Signals of `day`'s bar, approved after its close."""
    w.go(day, 21, 5)
    answers = [answer(s, day=day, enter=int(not exit), exit=exit) for s in symbols]
    for signal in await propose.propose(w.desk, strategy, answers, explain=explain):
        await decide.approve(w.desk, signal.id, by="operator:1")


async def week(*, mark: tuple[date, ...] = (TUE, WED, THU, FRI)) -> World:
    w = await opened()
    await taken(w, "dip", MONDAY, "AAPL", "MSFT")
    await session(w, TUE, mark=TUE in mark)
    await taken(w, "dip", TUE, "AAPL", exit=True)
    await session(w, WED, mark=WED in mark)
    await session(w, THU, mark=THU in mark)
    await taken(w, "rip", THU, "TSLA")
    await session(w, FRI, mark=FRI in mark)
    return w


async def books_say(w: World) -> Decimal:
    """Realised + unrealised − fees of the ledger, at the prices of now."""
    ledger = await w.desk.books.ledger()
    total = sum((p.realised - p.fees for p in ledger.positions.values()), D(0))
    for position in ledger.held():
        quote = await w.desk.feed.quote(position.book.symbol, w.clock.at)
        assert quote is not None
        total += position.unrealised(quote.price)
    return total


async def test_each_day_is_what_the_books_changed_by():
    w = await week()
    found = await report.profit(w.desk, "all")
    assert {day.day: day.net for day in found.days} == DAYS
    assert found.total == sum(DAYS.values()) == await books_say(w) == D(396)
    account = await w.broker.account()
    assert found.total == account.equity - D(100_000)
    assert (found.unrealised, found.fees, found.wins) == (D(100), D(4), 1)
    assert [trade.net for trade in found.trades] == [D(298)]


@pytest.mark.parametrize(
    ("period", "total"), [("day", 149), ("week", 396), ("month", 396), ("ytd", 396), ("all", 396)]
)
async def test_a_period_is_the_sum_of_its_days(period: str, total: int):
    w = await week()
    found = await report.profit(w.desk, period)
    assert found.total == total
    assert found.last == Day(FRI, D(149), fees=D(1))
    assert found.before_last == Day(THU, D(100))


async def test_a_new_week_starts_from_nothing_and_today_counts_while_it_lasts():
    w = await week()
    w.go(NEXT, 13)
    before_open = await report.profit(w.desk, "week")
    assert (before_open.total, before_open.days) == (0, ())
    w.go(NEXT, 15)
    for period in ("day", "week"):
        assert (await report.profit(w.desk, period)).total == 100, "MSFT rose by two"
    assert (await report.profit(w.desk, "all")).total == 496 == await books_say(w)
    w.go(NEXT, 21, 2)
    await marked(w, NEXT)
    assert (await report.profit(w.desk, "day")).total == 100, "the mark says the same"


async def test_a_trade_counts_in_the_period_it_was_closed_in():
    w = await week()
    assert (await report.profit(w.desk, "week")).wins == 1
    assert (await report.profit(w.desk, "day")).trades == ()


async def test_one_strategy_alone():
    w = await week()
    dip, rip = [await report.profit(w.desk, "all", name) for name in ("dip", "rip")]
    assert (dip.total, rip.total) == (247, 149)
    assert [day.net for day in dip.days] == [98, 49, 100, 0]
    assert [day.net for day in rip.days] == [149]
    assert (dip.fees, rip.fees, len(dip.trades), len(rip.trades)) == (3, 1, 1, 0)
    assert (await report.profit(w.desk, "all", "nobody")).total == 0


async def test_a_missed_day_is_caught_up_with_the_value_it_had():
    """Tuesday and Wednesday are marked on Friday night, after fills and prices of later days."""
    at_once = await week()
    late = await week(mark=())
    for day in (TUE, WED, THU, FRI):
        await marked(late, day)
    assert _plain(await late.journal.read(Mark)) == _plain(await at_once.journal.read(Mark))
    found = await report.profit(late.desk, "all")
    assert {day.day: day.net for day in found.days} == DAYS


async def test_marks_are_cumulative_and_a_second_mark_adds_nothing():
    w = await week()
    saved: dict[date, Decimal] = {}
    for mark in await w.journal.read(Mark):
        saved[mark.session] = saved.get(mark.session, D(0)) + marks.money(mark.net)
    assert saved == CUMULATIVE
    [dip] = await w.journal.read(Mark, session=WED)
    assert [marks.money(v) for v in (dip.realised, dip.unrealised, dip.fees, dip.exposure)] == [
        300, -150, 3, 50 * 97,
    ]  # fmt: skip
    assert dip.trades == 1
    for day in (TUE, WED, THU, FRI):
        assert await marked(w, day) == []


async def test_a_day_without_its_mark_falls_into_the_next():
    w = await week(mark=(TUE, THU, FRI))
    found = await report.profit(w.desk, "all")
    assert {d.day: d.net for d in found.days} == {TUE: D(98), THU: D(149), FRI: D(149)}
    assert found.total == 396


async def test_before_the_first_mark_today_has_it_all():
    w = await week(mark=())
    found = await report.profit(w.desk, "all")
    assert [(day.day, day.net) for day in found.days] == [(FRI, D(396))]


async def test_a_desk_that_never_traded_has_nothing_to_report():
    w = await opened()
    found = await report.profit(w.desk, "all")
    assert (found.total, found.last, found.before_last, found.trades) == (0, None, None, ())
    assert await report.held(w.desk) == []


async def test_a_word_that_is_no_period_is_answered_with_those_there_are():
    w = await opened()
    with pytest.raises(BadCommand, match="'decade' is no period; write one like today"):
        await report.profit(w.desk, "decade")


def test_periods_start_on_their_first_day():
    assert report.first_day("day", FRI) == FRI
    assert report.first_day("week", FRI) == MONDAY
    assert report.first_day("week", MONDAY) == MONDAY
    assert report.first_day("month", FRI) == date(2025, 2, 1)
    assert report.first_day("ytd", FRI) == date(2025, 1, 1)


# Positions


async def test_positions_stand_at_the_latest_price_the_largest_first():
    w = await week()
    rows = await report.held(w.desk)
    assert [(row.position.book.symbol, row.price, row.unrealised) for row in rows] == [
        ("TSLA", 103, 150),
        ("MSFT", 99, -50),
    ]
    assert [row.position.book.symbol for row in await report.held(w.desk, "dip")] == ["MSFT"]


# The broker's books


async def test_the_broker_agrees_after_a_week_of_trading():
    w = await week()
    agreed = await report.broker_agrees(w.desk)
    assert (agreed.differences, agreed.error, agreed.at) == ((), "", w.clock.at)


async def test_what_was_filled_a_moment_ago_is_no_difference():
    w = await week()
    template = (await w.journal.read(Order))[0]
    w.go(NEXT, 15)
    by_hand = replace(template, key="by hand", symbol="TSLA", quantity=D(7), side=Side.SELL)
    await w.broker.submit(by_hand)
    assert (await report.broker_agrees(w.desk)).differences == ()


async def test_a_difference_names_the_symbol_and_both_figures():
    w = await week()
    w.go(NEXT, 15)
    assert isinstance(w.broker, PaperBroker)
    w.broker.transfer("TSLA", D(-7), D(100))
    assert (await report.broker_agrees(w.desk)).differences == ("TSLA paper 43, ours 50",)
    [fill] = await w.journal.read(Fill, symbol="MSFT")
    stray = replace(fill, execution_id="stray", symbol="AAPL", quantity=D(3), id=0)
    await w.journal.append([stray])
    assert (await report.broker_agrees(w.desk)).differences == (
        "AAPL paper 0, ours 3",
        "TSLA paper 43, ours 50",
    )


async def test_a_broker_that_cannot_be_asked_is_no_agreement():
    w = await week()

    class Away:
        name, account_id = "paper", "paper"

        async def positions(self) -> list[Holdings]:
            raise BrokerError("cannot reach the paper broker")

    w.desk.brokers = {"paper": Away()}  # type: ignore[dict-item]
    assert (await report.broker_agrees(w.desk)).error == "cannot reach the paper broker"


def _plain(rows: list[Mark]) -> list[Mark]:
    return sorted((replace(row, id=0) for row in rows), key=lambda row: (row.session, row.strategy))
