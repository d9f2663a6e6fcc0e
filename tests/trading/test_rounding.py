"""Prices never round against us, quantities never round up."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading.rounding import to_lot, to_tick
from trading.types import Side

D = Decimal
prices = st.decimals("0.000001", "999999", places=6)
steps = st.sampled_from([D("0.00001"), D("0.01"), D("0.05"), D("0.25"), D(1), D(5)])
lots = st.sampled_from([D("0.00000001"), D("0.001"), D(1), D(100)])


def test_a_buy_rounds_down_and_a_sell_up():
    assert to_tick(D("100.019"), D("0.01"), Side.BUY) == D("100.01")
    assert to_tick(D("100.011"), D("0.01"), Side.SELL) == D("100.02")
    assert to_tick(D("5000.30"), D("0.25"), Side.BUY) == D("5000.25")
    assert to_tick(D("5000.30"), D("0.25"), Side.SELL) == D("5000.50")


def test_a_quantity_of_less_than_a_lot_is_none():
    assert to_lot(D("0.999"), D(1)) == 0
    assert to_lot(D(199), D(100)) == 100


@given(prices, steps, st.sampled_from(Side))
def test_a_price_is_on_the_tick_less_than_one_away_and_never_worse(
    price: Decimal, tick: Decimal, side: Side
):
    rounded = to_tick(price, tick, side)
    assert rounded % tick == 0
    assert abs(rounded - price) < tick
    assert rounded * side.sign <= price * side.sign


@given(prices, steps, st.sampled_from(Side))
def test_a_price_on_the_tick_stays(price: Decimal, tick: Decimal, side: Side):
    rounded = to_tick(price, tick, side)
    assert to_tick(rounded, tick, side) == rounded
    assert to_tick(rounded, tick, side.opposite) == rounded


@given(st.decimals("0", "9999999", places=8), lots)
def test_a_quantity_is_whole_lots_and_never_more(quantity: Decimal, lot: Decimal):
    rounded = to_lot(quantity, lot)
    assert rounded % lot == 0
    assert 0 <= quantity - rounded < lot
    assert to_lot(rounded, lot) == rounded
