"""Checks of time, data and repetition, each on both sides of its limit."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from risk import breakers, guards
from risk.breakers import Standing
from risk.checks import Check, Scope, Sums, check_leverage, check_power, size_checks
from risk.limits import Breakers, Caps, Limits, Protections
from risk.protections import Ended, locks
from tests.risk.test_checks import EQUITY, exposure, intent
from trading.facts import Trading
from trading.ports import Session
from trading.types import Instrument, Quote, Side

D = Decimal
NOW = datetime(2025, 2, 4, 15, 0, tzinfo=UTC)
STEP = timedelta(microseconds=1)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DAY = Session(date(2025, 2, 4), NOW.replace(hour=14, minute=30), NOW.replace(hour=21))
TECH = Instrument("AAPL", sector="Technology")


def quote(price: str, bid: str | None = None, ask: str | None = None) -> Quote:
    return Quote("AAPL", D(price), NOW, D(bid) if bid else None, D(ask) if ask else None)


def named(name: str, **changes: object) -> Check:
    """One check of 50 AAPL at 100, 5,000 of 100,000, for an account that holds `changes`."""
    found = size_checks(intent(instrument=TECH), exposure(**changes), Limits())
    return next(check for check in found if check.name == name)


def own(caps: Caps, sums: Sums, name: str) -> Check:
    held = exposure(scopes=(Scope("dip", caps, sums),))
    found = size_checks(intent(instrument=TECH), held, Limits())
    return next(check for check in found if check.name == f"{name} of dip")


#: What it is, what meets the limit, what is just beyond, the figure the operator then reads.
BOUNDARIES: list[tuple[str, Callable[[], Check], Callable[[], Check], str]] = [
    (
        "quote age",
        lambda: guards.check_quote(5 * SECOND, 5 * SECOND),
        lambda: guards.check_quote(5 * SECOND + STEP, 5 * SECOND),
        "price 5.000001 s old, limit 5 s",
    ),
    (
        "bar age",
        lambda: guards.check_bars(2, 2),
        lambda: guards.check_bars(3, 2),
        "price 3 sessions old, limit 2",
    ),
    (
        "duplicate",
        lambda: guards.check_twin(60 * SECOND, 60 * SECOND, "buy 5 AAPL"),
        lambda: guards.check_twin(59 * SECOND, 60 * SECOND, "buy 5 AAPL"),
        "buy 5 AAPL was ordered 59 s ago, limit 60 s apart",
    ),
    (
        "time to live",
        lambda: guards.check_time(NOW, NOW),
        lambda: guards.check_time(NOW + 4 * MINUTE, NOW),
        "expired 4 min ago",
    ),
    (
        "clock ahead",
        lambda: guards.check_skew(2 * SECOND, 2 * SECOND, "acme"),
        lambda: guards.check_skew(2 * SECOND + STEP, 2 * SECOND, "acme"),
        "acme's clock 2.000001 s ahead, limit 2 s",
    ),
    (
        "clock behind",
        lambda: guards.check_skew(-2 * SECOND, 2 * SECOND, "acme"),
        lambda: guards.check_skew(-3 * SECOND, 2 * SECOND, "acme"),
        "acme's clock 3 s behind, limit 2 s",
    ),
    (
        "session",
        lambda: guards.check_session(DAY, DAY.day, DAY.day, DAY.close - STEP),
        lambda: guards.check_session(DAY, DAY.day, DAY.day, DAY.close),
        "its session closed 0 s before",
    ),
    (
        "known through",
        lambda: guards.check_session(DAY, DAY.day, DAY.day, NOW),
        lambda: guards.check_session(DAY, DAY.day - timedelta(days=1), DAY.day, NOW),
        "the calendar ends on 2025-02-03; it knows no session",
    ),
    (
        "lot",
        lambda: guards.check_rounding(intent(quantity=D(50))),
        lambda: guards.check_rounding(intent(quantity=D("50.5"))),
        "50.5 is no whole number of lots of 1",
    ),
    (
        "tick",
        lambda: guards.check_rounding(intent(), D("100.01")),
        lambda: guards.check_rounding(intent(), D("100.015")),
        "100.015 is between ticks of 0.01",
    ),
    (
        "collar",
        lambda: guards.check_collar(quote("102"), D(100), Limits()),
        lambda: guards.check_collar(quote("102.01"), D(100), Limits()),
        "the market moved +2.01 % from 100, limit 2.0 %",
    ),
    (
        "thin collar",
        lambda: guards.check_collar(quote("105", "104", "106"), D(100), Limits()),
        lambda: guards.check_collar(quote("105.01", "104", "106"), D(100), Limits()),
        "the market moved +5.01 % from 100, limit 5.0 %",
    ),
    (
        "thin begins at one per cent of spread",
        lambda: guards.check_collar(quote("103", "102", "103.03"), D(100), Limits()),
        lambda: guards.check_collar(quote("103", "102.01", "103.03"), D(100), Limits()),
        "the market moved +3.00 % from 100, limit 2.0 %",
    ),
    (
        "net",
        lambda: named("net", net=D(95_000)),
        lambda: named("net", net=D(95_001)),
        "longs less shorts 100.001 % of equity, limit 100.0 %",
    ),
    (
        "net of a short",
        lambda: named("net", net=D(-105_000)),
        lambda: named("net", net=D(-105_001)),
        "longs less shorts 100.001 % of equity, limit 100.0 %",
    ),
    (
        "sector",
        lambda: named("sector", sector=D(35_000)),
        lambda: named("sector", sector=D(35_001)),
        "Technology 40.001 % of equity, limit 40.0 %",
    ),
    (
        "leverage",
        lambda: check_leverage(D(200_000), EQUITY, D(2)),
        lambda: check_leverage(D(200_001), EQUITY, D(2)),
        "leverage 2.00001, limit 2",
    ),
    (
        "what the broker allows",
        lambda: named("leverage", gross=D(195_000), leverage=D(2)),
        lambda: named("leverage", gross=D(195_001), leverage=D(2)),
        "leverage 2.00001, limit 2",
    ),
    (
        "margin",
        lambda: named("margin", margin=D(75_000)),
        lambda: named("margin", margin=D(75_001)),
        "margin 80.001 % of equity, limit 80.0 %",
    ),
    (
        "buying power",
        lambda: check_power(D(5_000), D(5_000)),
        lambda: check_power(D(5_000), D("4999.99")),
        "needs 5,000.00 of 4,999.99 buying power",
    ),
    (
        "own order limit",
        lambda: own(Caps(order_notional=D("0.05")), Sums(), "order"),
        lambda: own(Caps(order_notional=D("0.049")), Sums(), "order"),
        "dip: order 5.0 % of equity, limit 4.9 %",
    ),
    (
        "own position",
        lambda: own(Caps(position_notional=D("0.06")), Sums(position=D(1_000)), "position"),
        lambda: own(Caps(position_notional=D("0.06")), Sums(position=D(1_001)), "position"),
        "dip: AAPL 6.001 % of equity, limit 6.0 %",
    ),
    (
        "own gross",
        lambda: own(Caps(gross_notional=D("0.2")), Sums(gross=D(15_000)), "gross"),
        lambda: own(Caps(gross_notional=D("0.2")), Sums(gross=D(15_001)), "gross"),
        "dip: all positions 20.001 % of equity, limit 20.0 %",
    ),
    (
        "own net",
        lambda: own(Caps(net_exposure=D("0.2")), Sums(net=D(15_000)), "net"),
        lambda: own(Caps(net_exposure=D("0.2")), Sums(net=D(15_001)), "net"),
        "dip: longs less shorts 20.001 % of equity, limit 20.0 %",
    ),
    (
        "own sector",
        lambda: own(Caps(sector=D("0.2")), Sums(sector=D(15_000)), "sector"),
        lambda: own(Caps(sector=D("0.2")), Sums(sector=D(15_001)), "sector"),
        "dip: Technology 20.001 % of equity, limit 20.0 %",
    ),
    (
        "losses in a row",
        lambda: breakers.check_row("losses", "trades lost", 7, 8),
        lambda: breakers.check_row("losses", "trades lost", 8, 8),
        "8 trades lost in a row, limit 8",
    ),
]


@pytest.mark.parametrize(("what", "met", "beyond", "figure"), BOUNDARIES)
def test_the_limit_itself_passes_and_one_step_beyond_fails(
    what: str, met: Callable[[], Check], beyond: Callable[[], Check], figure: str
):
    assert met().ok, f"{what}: {met().text}"
    assert not beyond().ok, what
    assert beyond().text == figure


def test_at_the_claim_a_limit_may_be_passed_by_what_its_collar_lets_prices_move():
    def order(price: str) -> Check:
        return size_checks(intent(price=D(price)), exposure(), Limits(), slack=D("0.02"))[0]

    assert order("102").ok
    assert order("102.01").text == "order 5.1005 % of equity, limit 5.1 %"


def test_without_a_word_of_the_broker_neither_margin_nor_leverage_is_asked():
    names = {check.name for check in size_checks(intent(), exposure(), Limits())}
    assert not names & {"margin", "leverage", "buying power", "sector"}


def test_half_a_day_is_said():
    half = replace(DAY, close=NOW.replace(hour=18))
    assert guards.check_session(half, DAY.day, DAY.day, NOW).text.endswith("half a day")
    assert "half" not in guards.check_session(DAY, DAY.day, DAY.day, NOW).text


def test_a_sale_makes_the_net_smaller():
    sale = intent(instrument=TECH, side=Side.SELL)
    found = {one.name: one for one in size_checks(sale, exposure(net=D(100_000)), Limits())}
    assert found["net"].used == D("0.95")


# Breakers


def standing(gain: str, day: str = "0", peak: str = "0") -> Standing:
    return Standing(D(100_000), D(gain), D(day), D(peak))


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (standing("-2999.99"), None),
        (standing("-3000"), Trading.REDUCING),
        (standing("-4999.99"), Trading.REDUCING),
        (standing("-5000"), Trading.HALTED),
        (standing("-2999", day="-2999", peak="0"), None),
        (standing("-9999.99", day="-9999.99"), None),
        (standing("-10000", day="-10000"), Trading.HALTED),
        (standing("7200", day="10000", peak="10000"), None),
        (standing("6700", day="10000", peak="10000"), Trading.REDUCING),  # 3 % of 110,000
        (standing("-1000", day="-1000", peak="10000"), Trading.HALTED),  # 10 % of 110,000
    ],
)
def test_a_breaker_trips_at_its_limit_and_not_before(at: Standing, state: Trading | None):
    trips = list(breakers.desk_trips(at, Breakers()))
    assert (trips[0].state if trips else None) == state


def test_a_breaker_of_nothing_never_trips():
    off = Limits().of_history().breakers
    assert list(breakers.desk_trips(standing("-99999"), off)) == []


def test_an_account_that_lost_more_than_there_was_is_all_lost():
    assert Standing(D(0), D(-5), D(0), D(0)).loss == 1
    assert standing("5", day="3").loss == 0


def test_only_what_is_unbroken_counts_as_a_row():
    assert breakers.in_a_row([True, True, False, True]) == 2
    assert breakers.in_a_row([]) == 0


# Protections


def ended(days: int, *, stopped: bool = True, net: str = "-5", symbol: str = "AAPL") -> Ended:
    return Ended("dip", symbol, days, D(net), stopped)


def test_so_many_stops_within_so_many_sessions_lock_the_strategy():
    guard = Protections(stops=3, stop_sessions=5)
    assert locks([ended(0), ended(1), ended(5)], guard) == []
    assert locks([ended(0), ended(1), ended(4, stopped=False)], guard) == []
    [lock] = locks([ended(0), ended(1), ended(4)], guard)
    assert (lock.scope, lock.reason) == ("strategy:dip", "3 stops in 5 sessions, limit 3")


def test_an_instrument_that_makes_too_little_in_enough_trades_is_locked():
    guard = Protections(stops=0, poor_trades=2, poor_sessions=10, poor_profit=D(0))
    assert locks([ended(0)], guard) == []
    assert locks([ended(0), ended(10)], guard) == []
    assert locks([ended(0, net="-5"), ended(1, net="5")], guard) == []
    [lock] = locks([ended(0, net="-5"), ended(9, net="4.99")], guard)
    assert (lock.scope, lock.reason) == ("symbol:AAPL", "2 trades made -0.01, limit 0.00")
