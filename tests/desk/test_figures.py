"""A digest's figures: they add up, and are those of /pnl."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.shortfall import Execution
from desk import marks, report
from desk.console.digest_words import filled, rounded
from desk.figures import Figures, drawdown, figures, purse, undone
from desk.report import Day, Parts, between, combined, daily
from tests.desk.test_report import FRI, MONDAY, NEXT, THU, TUE, WED, marked, session, taken, week
from tests.desk.test_snapshots import Nothing
from tests.world import World, at, world
from trading.money import Rate
from trading.orders import Fill
from trading.types import Side

D = Decimal
CENTS = st.integers(-(10**9), 10**9).map(lambda n: D(n) / 10_000)
FEES = st.integers(0, 10**7).map(lambda n: D(n) / 10_000)
PARTS = st.builds(Parts, CENTS, CENTS, FEES)
DAYS = st.dates(date(2025, 1, 1), date(2025, 3, 1))
COURSES = st.dictionaries(
    st.sampled_from(["dip", "rip", "gap", "trend"]),
    st.dictionaries(DAYS, PARTS, max_size=8).map(lambda days: dict(sorted(days.items()))),
    max_size=4,
)


@given(COURSES, DAYS, DAYS)
def test_the_strategies_of_any_days_add_up_to_the_total(
    courses: dict[str, dict[date, Parts]], one: date, other: date
):
    """Also where a strategy began later than the others, or has no mark on a day."""
    first, last = min(one, other), max(one, other)
    total = combined(courses.values())
    gains = [between(course, first, last) for course in courses.values()]
    assert sum(gains, Parts()) == between(total, first, last)
    inside = [day.net for day in daily(total) if first <= day.day <= last]
    assert sum(inside, D(0)) == between(total, first, last).net


@given(st.lists(CENTS, min_size=1, max_size=12))
def test_rounded_figures_add_up_as_the_eye_adds_them(values: list[Decimal]):
    total = sum(values, D(0))
    shown = rounded(values, total)
    assert sum(shown) == total.quantize(D("0.01"))
    for value, cents in zip(values, shown, strict=True):
        assert cents == cents.quantize(D("0.01"))
        assert abs(cents - value) <= D("0.01")


@given(st.lists(CENTS, max_size=30))
def test_drawdown_is_what_is_missing_to_the_highest_sum(nets: list[Decimal]):
    days = [Day(MONDAY + timedelta(days=n), net) for n, net in enumerate(nets)]
    sums = [sum(nets[:n], D(0)) for n in range(len(nets) + 1)]
    assert drawdown(days) == max(sums) - sums[-1]


# Against /pnl, on the desk


async def agree_with_pnl(w: World) -> None:
    today = w.desk.local(w.clock.at).date()
    for period in ("day", "week", "month", "ytd"):
        found = await figures(w.desk, report.first_day(period, today), today)
        pnl = await report.profit(w.desk, period)
        assert found.total.net == pnl.total == sum((d.net for d in found.days), D(0))
        assert found.days == pnl.days
        assert found.total.fees == pnl.fees
        assert found.trades == pnl.trades
        for name, gain in found.gains.items():
            own = await report.profit(w.desk, period, name)
            assert (gain.net, gain.fees) == (own.total, own.fees), (period, name)


@pytest.mark.parametrize(
    ("day", "hour"), [(FRI, 13), (FRI, 18), (FRI, 22), (NEXT, 13), (NEXT, 15), (NEXT, 22)]
)
@pytest.mark.parametrize("marks_of", [(TUE, WED, THU, FRI), (TUE, THU), ()])
async def test_a_digest_says_what_pnl_says(day: date, hour: int, marks_of: tuple[date, ...]):
    w = await week(mark=marks_of)
    w.go(day, hour)
    await agree_with_pnl(w)


PRICES = st.integers(5000, 20000).map(lambda n: D(n) / 100)
TRADES = st.tuples(
    st.integers(0, 9),  # which weekday
    st.sampled_from(["dip", "rip", "gap"]),
    st.sampled_from(["AAPL", "MSFT", "NVDA"]),
    st.sampled_from(list(Side)),
    st.integers(1, 50),
    PRICES,
    st.integers(0, 9999).map(lambda n: D(n) / 10_000),
    st.booleans(),  # whether the session is marked after it
)


@settings(max_examples=60)
@given(st.lists(TRADES, max_size=14), PRICES)
def test_whatever_is_traded_the_strategies_add_up_and_agree_with_pnl(
    trades: list[tuple[int, str, str, Side, int, Decimal, Decimal, bool]], price: Decimal
):
    async def lived() -> None:
        w = await world()
        days = [MONDAY + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
        for n, (on, strategy, symbol, side, units, paid, fee, mark) in enumerate(sorted(trades)):
            w.go(days[on], 15, n)
            fill = Fill(
                "paper", "paper", f"x{n}", f"o{n}", strategy, symbol, side, D(units), paid, fee,
                "USD", w.clock.at,
            )  # fmt: skip
            await w.journal.append([fill])
            w.tape.prices[symbol] = paid
            if mark:
                w.go(days[on], 21, 2)
                await marked(w, days[on])
        w.tape.prices["AAPL"] = price
        for day, hour in ((days[-1], 16), (days[-1], 22)):
            w.go(day, hour)
            await agree_with_pnl(w)

    asyncio.run(lived())


async def test_of_a_day_that_is_over_later_fills_are_no_part():
    w = await week()
    found = await figures(w.desk, WED, WED)
    assert found.total == Parts(D(300), D(-250), D(1))
    assert [trade.net for trade in found.trades] == [298]
    assert [one.symbol for one in found.executions] == ["AAPL"]
    assert found.turnover == 50 * 106
    assert [day.day for day in found.before] == [TUE]


async def test_cash_exposure_and_equity_are_the_brokers():
    w = await week()
    rows = await report.held(w.desk)
    money = await purse(w.desk, rows)
    account = await w.broker.account()
    assert (money.cash, money.equity) == (account.cash, account.equity)
    assert money.exposure == 50 * 103 + 50 * 99
    assert money.share(money.exposure) == money.exposure / account.equity


# Slippage and what came to nothing


def order(side: Side, price: str, signal: str | None = "100", rate: str = "1") -> Execution:
    asked = D(signal) if signal else None
    return Execution(
        "k", "dip", "paper", "AAPL", side, D(50), D(price), asked, None, D(0), at(WED, 15),
        rate=D(rate),
    )  # fmt: skip


def told(*orders: Execution) -> list[str]:
    found = Figures(WED, WED, "USD", {}, (), (), (), orders, D(0))
    return "".join(str(getattr(part, "text", part)) for part in filled(found, priced=True)).split(
        "\n"
    )


@pytest.mark.parametrize(
    ("side", "price", "slip", "cost"),
    [
        (Side.BUY, "101", "+1.00 %", "50.00 USD worse"),
        (Side.BUY, "99", "−1.00 %", "50.00 USD better"),
        (Side.SELL, "99", "+1.00 %", "50.00 USD worse"),
        (Side.SELL, "102", "−2.00 %", "100.00 USD better"),
    ],
)
def test_slippage_is_what_the_signal_hoped_for_and_did_not_get(
    side: Side, price: str, slip: str, cost: str
):
    said = told(order(side, price))
    assert said[1] == f"{cost} than the signals' prices"
    assert slip in "".join(said)


def test_an_order_without_a_signal_has_no_slippage():
    assert "signals' prices" not in "".join(told(order(Side.BUY, "101", None)))


def test_what_was_traded_in_another_currency_is_told_in_the_desks():
    said = told(order(Side.BUY, "101"), order(Side.SELL, "98", rate="2"))
    assert said[0] == "2 orders filled, 14,850.00 USD"
    assert said[1] == "250.00 USD worse than the signals' prices"


async def test_the_fills_of_an_order_are_told_as_one_against_its_signal():
    w = await week()
    found = await figures(w.desk, TUE, FRI)
    rows = found.executions
    assert [(row.symbol, row.side, row.price, row.signal_price) for row in rows] == [
        ("AAPL", Side.BUY, 100, 100),
        ("MSFT", Side.BUY, 100, 100),
        ("AAPL", Side.SELL, 106, 100),
        ("TSLA", Side.BUY, 100, 100),
    ]


async def test_turnover_of_a_foreign_fill_counts_at_the_rate_of_its_moment():
    w = await week()
    bought = Fill("ib", "U1", "x", "x", "imported", "SAP", Side.BUY, D(10), D(20), D(0), "EUR",
                  at(WED, 15))  # fmt: skip
    await w.journal.append([Rate("EUR", "USD", at(TUE, 15), D(2))])
    await w.journal.append([Rate("EUR", "USD", at(THU, 15), D(3))])
    await w.journal.append([bought])
    w.desk.feed = Nothing(w.desk.feed)
    assert (await figures(w.desk, WED, WED)).turnover == 50 * 106 + 10 * 20 * 2


async def test_what_came_to_nothing_is_counted_in_the_days_it_ended():
    from desk import decide, propose
    from tests.world import answer, explain

    w = await week()
    w.go(FRI, 21, 5)
    answers = [answer(s, day=FRI) for s in ("AAPL", "MSFT", "TSLA")]
    one, *_ = await propose.propose(w.desk, "dip", answers, explain=explain)
    await decide.reject(w.desk, one.id, by="operator:1")
    w.go(NEXT, 15)
    await decide.expire(w.desk)
    lost = await undone(w.desk, MONDAY, FRI)
    assert (lost.rejected, lost.expired, lost.orders) == (1, 0, 0)
    assert (await undone(w.desk, NEXT, NEXT)).expired == 1


async def test_a_day_is_the_exchanges_own():
    """20:00 in New York is the next day in UTC."""
    w = await week()
    await taken(w, "dip", FRI)
    await session(w, NEXT, mark=False)
    assert await marks.last_marked(w.desk) == FRI
    from desk.executions import bounds

    begin, end = bounds(w.desk, FRI, FRI)
    assert (begin.utcoffset(), end - begin) == (timedelta(hours=-5), timedelta(days=1))
