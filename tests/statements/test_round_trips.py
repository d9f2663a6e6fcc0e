"""One row a trade: the ledger's net is the row's, to the last digit, or the row is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statements.round_trips import priced
from tests.statements.conftest import books, facts, net
from trading.errors import DataError
from trading.orders import Fill

NSE = """Contract note summary,,,,,,,,,
Symbol,Qty,Buy Date,Buy Price,Buy Value,Sell Date,Sell Price,Sell Value,Charges,Net P&L
INFY,10,03-02-2025,1500.00,"15,000.00",14-02-2025,1550.50,"15,505.00",35.40,469.60
TCS,3,04-02-2025,33.33,100.00,14-02-2025,40,120.00,1.00,19.00
SBIN,5,04-02-2025,100,500,14-02-2025,110,550,1.00,48.00
WIPRO,4,20-02-2025,240.00,960.00,17-02-2025,250.00,"1,000.00",2.00,38.00

Total,,,,,,,,,526.60
"""


def test_rows_net_what_they_say_and_one_that_does_not_is_refused_with_the_difference(reads):
    found = reads(NSE)
    assert found.preset == "round trips"
    assert net(found) == Decimal("526.60")
    [refused] = found.refused
    assert refused.line == 5
    assert refused.reason.endswith("-1 apart")
    assert found.skipped == {"a line before the header": 1, "a line of totals": 1}
    assert found.rows == 6


def test_what_was_sold_before_it_was_bought_was_short(reads):
    trades = books(reads(NSE)).trades
    assert [t.quantity for t in trades if t.book.symbol == "WIPRO"] == [Decimal(-4)]


def test_a_value_that_does_not_divide_by_the_quantity_is_kept_to_the_last_digit(reads):
    fills = [f for f in facts(reads(NSE), Fill) if f.symbol == "TCS" and f.side == "buy"]
    assert sum(f.quantity for f in fills) == 3
    assert sum(f.quantity * f.price for f in fills) == 100


def test_values_time_tax_and_net_alone_make_a_trade(reads):
    found = reads(
        "symbol,buy_value,sell_value,time,tax,net_pnl\n"
        "NIFTY,10000.50,10250.75,2025-02-03 10:00,20.25,230.00\n"
    )
    assert not found.refused
    assert net(found) == Decimal("230.00")
    assert sum(f.tax for f in facts(found, Fill)) == Decimal("20.25")


def test_entry_and_exit_with_a_side_and_a_multiplier(reads):
    found = reads(
        "Ticker;Side;Contracts;Entry time;Entry price;Exit time;Exit price;Commission;PnL\n"
        "ES;Short;2;2025-02-03 15:00;6000,25;2025-02-03 16:00;5990,00;4,20;1020,80\n",
        multiplier=Decimal(50),
    )
    assert not found.refused
    assert net(found) == Decimal("1020.80")


def test_what_no_column_tells_of_costs_is_what_is_missing_from_the_net(reads):
    found = reads(
        "symbol,qty,buy date,buy price,sell date,sell price,net p&l\n"
        "AB,1,2025-01-02,10,2025-01-03,12,1.5\nAB,1,2025-01-02,10,2025-01-03,12,2.5\n"
    )
    assert net(found) == Decimal("1.5")
    assert [one.line for one in found.refused] == [3]


def test_a_trade_not_sold_yet_is_open(reads):
    found = reads(
        "symbol,qty,buy date,buy price,sell date,sell price,net p&l\nAB,3,2025-01-02,10,,,\n"
    )
    assert [p.quantity for p in books(found).held()] == [Decimal(3)]


def test_days_that_may_be_two_ask_for_the_option(reads):
    text = "symbol,qty,buy date,buy price,sell date,sell price\nAB,1,03/02/2025,1,04/02/2025,2\n"
    with pytest.raises(DataError, match="--date-format"):
        reads(text)
    assert facts(reads(text, dates="dmy"), Fill)[0].at.month == 2
    assert facts(reads(text, dates="mdy"), Fill)[0].at.month == 3


@given(
    quantity=st.decimals("0.00000001", "1000000", places=8),
    value=st.decimals("0", "1000000000", places=8),
)
def test_parts_add_up_to_quantity_and_value(quantity: Decimal, value: Decimal):
    parts = priced(quantity, value)
    assert sum(units for units, _ in parts) == quantity
    assert sum(units * price for units, price in parts) == value
    assert all(units > 0 for units, _ in parts)
