"""From the signal's price to the fill's: the steps add up, whichever side, whatever the rate."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.shortfall import Execution, by_broker, by_strategy, shortfall
from trading.types import Side

D = Decimal
PRICES = st.integers(1, 50_000).map(lambda n: D(n) / 100)
BOUGHT = Execution(
    "t-1-0", "dip", "paper", "AAPL", Side.BUY, D(10), D("101.00"), D("100.00"), D("100.60"), D(2),
    datetime(2025, 2, 3, 15, tzinfo=UTC),
)  # fmt: skip
EXECUTIONS = st.builds(
    Execution,
    st.just("k"), st.sampled_from(["dip", "rip"]), st.sampled_from(["paper", "ib"]), st.just("A"),
    st.sampled_from(list(Side)), st.integers(1, 99).map(D), PRICES, st.none() | PRICES,
    st.none() | PRICES, st.integers(0, 9).map(D), st.just(BOUGHT.at),
    st.sampled_from([D(1), D(50)]), st.sampled_from([D(1), D("1.1")]),
)  # fmt: skip


def test_a_purchase_by_hand():
    """10 signalled at 100.00, decided at 100.60, filled at 101.00, 2.00 of costs."""
    assert (BOUGHT.delay, BOUGHT.execution, BOUGHT.costs, BOUGHT.total) == (6, 4, 2, 12)
    found = shortfall([BOUGHT])
    assert [found.bps(x) for x in (found.delay, found.execution, found.costs, found.total)] == [
        60, 40, 20, 120,
    ]  # fmt: skip


def test_a_sale_at_the_same_prices_gained():
    sold = replace(BOUGHT, side=Side.SELL)
    assert (sold.delay, sold.execution, sold.slippage) == (-6, -4, -10)


def test_a_future_in_euro_costs_its_multiplier_at_the_rate():
    future = replace(BOUGHT, multiplier=D(50), rate=D("1.1"))
    assert future.slippage == 10 * 50 * D("1.1")
    assert future.value == 1000 * 50 * D("1.1")


def test_an_order_no_signal_asked_for_has_costs_alone():
    by_hand = replace(BOUGHT, signal_price=None, decision_price=None)
    assert (by_hand.slippage, by_hand.total, by_hand.value) == (0, 2, 1010)


def test_without_a_decision_price_all_is_execution():
    found = replace(BOUGHT, decision_price=None)
    assert (found.delay, found.execution) == (0, 10)


def test_no_orders_have_no_basis_points():
    assert shortfall([]).bps(D(0)) is None


@settings(max_examples=60)
@given(st.lists(EXECUTIONS, max_size=8))
def test_strategies_and_brokers_add_up_and_the_steps_are_the_whole_way(found: list[Execution]):
    whole = shortfall(found)
    for parts in (by_strategy(found), by_broker(found)):
        assert sum((one.total for one in parts), D(0)) == whole.total
        assert sum(one.orders for one in parts) == len(found)
    for one in found:
        begin = one.signal_price if one.signal_price is not None else one.decision_price
        moved = D(0) if begin is None else (one.price - begin) * one.side.sign
        assert one.slippage == moved * one.quantity * one.multiplier * one.rate


@pytest.mark.parametrize("side", list(Side))
def test_a_fill_at_the_signals_price_slips_nowhere(side: Side):
    same = replace(BOUGHT, side=side, price=D(100), decision_price=D(100))
    assert same.slippage == 0
