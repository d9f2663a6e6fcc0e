"""How many units an entry buys: as many whole lots as every budget allows, and no more."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.limits import Allowance, Limits
from risk.sizing import entry_size
from trading.types import Instrument

D = Decimal
STOCK = Instrument("AAPL")
fractions = st.decimals("0.001", "1", places=3)
lots = st.sampled_from([D("0.001"), D(1), D(100)])
multipliers = st.sampled_from([D(1), D(50), D("0.01")])


def size(
    price: str = "100",
    equity: str = "100000",
    used: str = "0",
    instrument: Instrument = STOCK,
    **allowed: Decimal,
) -> Decimal:
    allowance = Allowance(**allowed)  # type: ignore[arg-type]
    return entry_size(instrument, D(price), D(equity), D(used), allowance, Limits())


def test_an_entry_aims_at_its_share_of_equity():
    assert size() == 50
    assert size(price="3333.34") == 1
    assert size(price="2500") == 2


def test_one_order_is_never_more_than_one_order_may_be():
    assert size(position=D("0.50")) == 50, "the limit's 5 %, not the half aimed at"


def test_the_last_entry_takes_what_the_allocation_has_left():
    assert size(used="77000") == 30
    assert size(used="79900") == 1
    assert size(used="79900.01") == 0
    assert size(used="80000") == 0
    assert size(used="95000") == 0


def test_lots_and_multipliers_count():
    assert size(instrument=Instrument("ES", multiplier=D(50)), price="40") == 2
    assert size(instrument=Instrument("VOD", lot=D(100)), price="30") == 100
    assert size(instrument=Instrument("BTC", lot=D("0.001")), price="30000") == D("0.166")


@pytest.mark.parametrize(("price", "equity"), [("0", "100000"), ("-5", "100000"), ("100", "0")])
def test_without_a_price_or_equity_nothing_is_bought(price: str, equity: str):
    assert size(price=price, equity=equity) == 0


@given(
    st.decimals("0.0001", "100000", places=4),
    st.decimals("-1000", "10000000", places=2),
    st.decimals("0", "10000000", places=2),
    st.tuples(fractions, fractions, fractions),
    lots,
    multipliers,
)
def test_an_entry_is_the_most_whole_lots_within_every_budget(
    price: Decimal,
    equity: Decimal,
    used: Decimal,
    shares: tuple[Decimal, Decimal, Decimal],
    lot: Decimal,
    multiplier: Decimal,
):
    allocation, position, order = shares
    instrument = Instrument("X", lot=lot, multiplier=multiplier)
    quantity = entry_size(
        instrument,
        price,
        equity,
        used,
        Allowance(allocation, position),
        Limits(order_notional=order),
    )
    assert quantity >= 0
    assert quantity % lot == 0
    budgets = [
        Fraction(position) * Fraction(equity),
        Fraction(order) * Fraction(equity),
        Fraction(allocation) * Fraction(equity) - Fraction(used),
    ]
    lots_value = Fraction(price) * Fraction(multiplier)
    assert quantity == 0 or Fraction(quantity) * lots_value <= min(budgets)
    assert (Fraction(quantity) + Fraction(lot)) * lots_value > min(budgets), (
        "one more lot would be too many"
    )
