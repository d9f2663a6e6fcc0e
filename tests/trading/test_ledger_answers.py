"""Histories whose answers were worked out by hand, as a textbook or a contract note would."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.unit_lots import T0, fills
from trading.ledger import Book, Method, Rates, fold
from trading.money import Action, Adjustment, Change, Rate
from trading.orders import Fill
from trading.types import Side

D = Decimal


def book(symbol: str) -> Book:
    return Book("dip", "paper", symbol)


def realised(method: Method, *lines: str) -> tuple[Decimal, Decimal]:
    """Realised, and what the remaining units cost."""
    position = fold(fills(*lines), methods={"paper": method}).positions[book("A")]
    return position.realised, position.cost


@pytest.mark.parametrize(
    ("method", "gain", "left"),
    [
        # 120 sold at 20: FIFO 100@10 + 20@12; LIFO 80@15 + 40@12; HIFO the same as LIFO here
        (Method.FIFO, 2400 - 1240, 30 * 12 + 80 * 15),
        (Method.LIFO, 2400 - 1680, 100 * 10 + 10 * 12),
        (Method.HIFO, 2400 - 1680, 100 * 10 + 10 * 12),
        # 2,800 for 230 units: 120 x 2800 / 230 = 1,460.869565217…
        (Method.AVERAGE, 2400 - D("1460.86956522"), 2800 - D("1460.86956522")),
    ],
)
def test_an_inventory_card(method: Method, gain: Decimal, left: Decimal):
    lines = ("buy 100 A @ 10", "buy 50 A @ 12", "buy 80 A @ 15", "sell 120 A @ 20")
    assert realised(method, *lines) == (gain, left)


@pytest.mark.parametrize(
    ("method", "gain", "left"),
    [
        (Method.FIFO, 10 * (50 - 40), -(10 * 60 + 10 * 55)),
        (Method.LIFO, 10 * (55 - 40), -(10 * 50 + 10 * 60)),
        (Method.HIFO, 10 * (60 - 40), -(10 * 50 + 10 * 55)),
        (Method.AVERAGE, 10 * (55 - 40), -20 * 55),
    ],
)
def test_a_short_sold_in_three_lots_and_bought_back_in_part(method, gain, left):
    lines = ("sell 10 A @ 50", "sell 10 A @ 60", "sell 10 A @ 55", "buy 10 A @ 40")
    assert realised(method, *lines) == (gain, left)


def test_the_average_moves_only_when_units_are_added():
    lines = ["buy 10 A @ 10", "buy 10 A @ 20", "sell 5 A @ 18", "buy 5 A @ 25", "sell 20 A @ 19"]
    ledger = fold(fills(*lines), methods={"paper": Method.AVERAGE})
    # average 15, sold 5 for +15; then (15 x 15 + 5 x 25) / 20 = 17.5, sold 20 for +30
    assert ledger.positions[book("A")].realised == 45
    assert ledger.cash["paper", "USD"] == 45


def test_a_day_of_flips_comes_to_the_sum_of_its_legs():
    lines = ["buy 100 A @ 50 fee 1", "sell 200 A @ 51 fee 2", "buy 200 A @ 50.5 fee 2",
             "sell 100 A @ 50.25 fee 1"]  # fmt: skip
    ledger = fold(fills(*lines))
    assert [trade.gross for trade in ledger.trades] == [100, 50, -25]
    assert [trade.fees for trade in ledger.trades] == [2, 2, 2]
    assert ledger.cash["paper", "USD"] == 125 - 6


def test_an_index_future_bought_and_sold_in_quarter_points():
    lines = ["buy 3 ES @ 4512.25 fee 6.72 x50", "sell 2 ES @ 4519.75 fee 4.48 x50",
             "sell 1 ES @ 4508.50 fee 2.24 x50"]  # fmt: skip
    [trade] = fold(fills(*lines)).trades
    assert trade.gross == 2 * D("7.5") * 50 - D("3.75") * 50
    assert trade.net == D("562.5") - D("13.44")


def test_an_nse_round_trip_of_a_day_with_its_taxes():
    """100 RELIANCE at 2,500 and 2,520: brokerage 20 a side, other charges as a contract note
    gives them."""
    buy, sell = fills("buy 100 RIL @ 2500 fee 32.23", "sell 100 RIL @ 2520 fee 32.30")
    day = [replace(buy, currency="INR", tax=D("7.50")),
           replace(sell, currency="INR", tax=D("63.00"))]  # fmt: skip
    ledger = fold(day, rates=Rates.of("INR", []))
    [trade] = ledger.trades
    assert (trade.gross, trade.fees, trade.taxes) == (2000, D("64.53"), D("70.50"))
    assert trade.net == trade.net_base == D("1864.97")
    assert ledger.cash["paper", "INR"] == D("1864.97")


def test_what_the_euro_did_is_told_apart_from_what_the_stock_did():
    """10 SAP at 100 EUR when it cost 1.10 USD, sold at 110 EUR when it cost 1.20."""
    rates = Rates.of("USD", [Rate("EUR", "USD", T0, D("1.10")),
                             Rate("EUR", "USD", T0 + timedelta(minutes=1), D("1.20"))])  # fmt: skip
    trip = fills("buy 10 A @ 100 fee 1", "sell 10 A @ 110 fee 1")
    ledger = fold([replace(one, currency="EUR") for one in trip], rates=rates)
    [trade] = ledger.trades
    assert (trade.gross_base, trade.fx_base, trade.costs_base) == (120, 100, D("2.30"))
    assert trade.net_base == 1320 - 1100 - D("2.30")
    assert ledger.cash["paper", "EUR"] == 98


def test_euros_bought_and_held_gain_as_cash():
    rates = Rates.of("USD", [Rate("EUR", "USD", T0, D("1.10")),
                             Rate("EUR", "USD", T0 + timedelta(days=1), D("1.15"))])  # fmt: skip
    legs = [Adjustment("a", "in", "deposit", D(2000), "USD", T0),
            Adjustment("a", "1/eur", "fx", D(1000), "EUR", T0),
            Adjustment("a", "1/usd", "fx", D(-1102), "USD", T0)]  # fmt: skip
    ledger = fold([], legs, rates=rates)
    assert ledger.cash_fx("a", T0) == -2, "the spread"
    assert ledger.cash_fx("a", T0 + timedelta(days=1)) == 48
    assert ledger.equity_base("a", {}, T0 + timedelta(days=1)) == 2048


def test_a_covered_call_that_is_assigned():
    """100 shares at 48, a call at 50 sold for 2: called away they bring 5,200."""
    called = Action("", "c", Change.ASSIGNMENT, "C50", T0 + timedelta(hours=1), gives=D(100),
                    into="A", price=D(50))  # fmt: skip
    ledger = fold(fills("buy 100 A @ 48", "sell 1 C50 @ 2 x100"), actions=[called])
    assert ledger.net("paper") == {}
    assert ledger.positions[book("A")].realised == 400
    assert ledger.cash["paper", "USD"] == 400
    assert sum(trade.net for trade in ledger.trades) == 400


def test_a_put_sold_and_assigned_lowers_what_the_shares_cost():
    put = Action("", "p", Change.ASSIGNMENT, "P50", T0 + timedelta(minutes=1), gives=D(100),
                 into="A", price=D(50), right=-1)  # fmt: skip
    history = fills("sell 1 P50 @ 3 x100", "buy 0 A @ 1", "sell 100 A @ 49")
    ledger = fold(history, actions=[put])
    assert ledger.positions[book("A")].realised == 4900 - 4700


@pytest.mark.parametrize(
    ("method", "gain"),
    [(Method.FIFO, 30 * 20 - 30 * 8), (Method.LIFO, 30 * 20 - (20 * 15 + 10 * 8)),
     (Method.HIFO, 30 * 20 - (20 * 15 + 10 * 8)), (Method.AVERAGE, 30 * 20 - 30 * D("9.75"))],
)  # fmt: skip
def test_lots_of_before_a_split_are_closed_at_their_new_price(method: Method, gain: Decimal):
    """30 at 16 become 60 at 8, and 20 at 15 come after."""
    split = Action("", "s", Change.SPLIT, "A", T0 + timedelta(seconds=1), gives=D(2))
    history = fills("buy 30 A @ 16", "buy 20 A @ 15", "sell 30 A @ 20")
    position = fold(history, actions=[split], methods={"paper": method}).positions[book("A")]
    assert position.realised == gain


def test_accounts_of_other_methods_do_not_touch_each_other():
    lines = fills("buy 1 A @ 10", "buy 1 A @ 20", "sell 1 A @ 30")
    there = [replace(one, account="other") for one in lines]
    ledger = fold([*lines, *there], methods={"other": Method.LIFO})
    assert ledger.positions[book("A")].realised == 20
    assert ledger.positions["dip", "other", "A"].realised == 10  # type: ignore[index]


def test_a_rebate_and_a_reversed_fill_leave_what_remains():
    first, wrong, last = fills("buy 5 A @ 10 fee -0.5", "buy 5 A @ 99 fee 7", "sell 5 A @ 11 fee 0")
    undo = Fill("paper", "paper", "undo", wrong.order_key, "dip", "A", Side.SELL, D(5), D(99),
                D(-7), "USD", T0 + timedelta(days=3), reverses=wrong.execution_id)  # fmt: skip
    [trade] = fold([first, wrong, last, undo]).trades
    assert trade.net == D("5.5")


def test_a_thousand_small_costs_make_no_drift():
    ledger = fold(fills(*["buy 0.1 A @ 0.1 fee 0.1", "sell 0.1 A @ 0.3 fee 0.1"] * 500))
    assert ledger.cash["paper", "USD"] == 500 * (D("0.02") - D("0.2"))
    assert sum(trade.net for trade in ledger.trades) == D(-90)
