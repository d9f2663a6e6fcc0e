"""Costs against Interactive Brokers' own examples, and prices that never flatter."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.costs import Costs
from tests.brokers.paper_floor import OPEN, order
from trading.errors import ConfigError
from trading.types import Quote, Side

D = Decimal
prices = st.decimals("0.01", "5000", places=4)
ticks = st.sampled_from([D("0.01"), D("0.05"), D("0.25"), D("0.0001")])


@pytest.mark.parametrize(
    ("quantity", "price", "fee"),
    [
        ("100", "25", "1.00"),  # the minimum
        ("1000", "25", "5.00"),  # 0.005 a share
        ("1000", "0.25", "2.50"),  # 1 % of the value
        ("10", "0.20", "0.02"),  # 1 % of the value, below the minimum
    ],
)
def test_the_default_commission_is_the_fixed_us_equity_one(
    quantity: str, price: str, fee: str
) -> None:
    assert Costs().fee(D(quantity), D(quantity) * D(price)) == D(fee)


def test_a_percentage_fee_rounds_up_to_its_step() -> None:
    crypto = Costs(D(5), D(0), D("0.26"), D(0), None, D("0.0001"))
    assert crypto.fee(D(1), D("10.01")) == D("0.0261")


@given(prices, ticks, st.sampled_from(Side))
def test_slippage_lands_on_a_tick_and_never_in_our_favour(
    price: Decimal, tick: Decimal, side: Side
) -> None:
    slipped = Costs().slipped(price, side, tick)
    assert slipped % tick == 0
    assert slipped >= tick
    if side is Side.BUY:
        assert price < slipped < price * D("1.0002") + tick
    elif slipped > tick:
        assert price * D("0.9998") - tick < slipped < price


@given(prices, st.integers(1, 500_000), st.sampled_from(Side))
def test_a_limit_fills_only_when_reached_and_never_worse(
    price: Decimal, cents: int, side: Side
) -> None:
    tick = D("0.01")
    limit = cents * tick
    asked = order(f"{side} 1 AAPL @ {limit}")
    filled = Costs().execution_price(asked, Quote("AAPL", price, OPEN), tick)
    reached = price <= limit if side is Side.BUY else price >= limit
    assert (filled is not None) is reached
    if filled is not None:
        assert (limit - filled) * side.sign >= 0


def test_a_buy_meets_the_ask_and_a_sell_the_bid() -> None:
    quote = Quote("AAPL", D(100), OPEN, bid=D(99), ask=D(101))
    even = Costs(slippage_bps=D(0))
    assert even.execution_price(order("buy 1 AAPL"), quote, D("0.01")) == 101
    assert even.execution_price(order("sell 1 AAPL"), quote, D("0.01")) == 99


@pytest.mark.parametrize(
    "wrong",
    [
        {"slippage_bps": D(-1)},
        {"slippage_bps": D(10000)},
        {"fee_per_share": D("NaN")},
        {"fee_maximum_percent": D(-1)},
        {"fee_step": D(0)},
    ],
)
def test_costs_that_make_no_sense_are_named(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Costs(**wrong)
