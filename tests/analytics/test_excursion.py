"""MAE and MFE, long and short."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.excursion import Excursion, amounts, excursion
from tests.analytics.builders import trade

D = Decimal
HIGHS, LOWS = np.array([104.0, 112.0, 108.0]), np.array([97.0, 101.0, 95.0])


def test_a_long_trade_by_hand():
    """Entered at 100, left at 106: 95 was the worst, 112 the best."""
    held = trade(60, exit=106)
    found = excursion(held, HIGHS, LOWS)
    assert found == Excursion(pytest.approx(-0.05), pytest.approx(0.12), certain=True)
    assert found is not None
    assert [round(one, 6) for one in amounts(held, found)] == [-50, 120]


def test_a_short_trade_sees_the_same_bars_the_other_way_round():
    found = excursion(trade(-60, quantity=-10, exit=106), HIGHS, LOWS, certain=False)
    assert found == Excursion(pytest.approx(-0.12), pytest.approx(0.05), certain=False)


def test_the_prices_traded_at_count_though_no_bar_shows_them():
    found = excursion(trade(150, exit=115), HIGHS, LOWS)
    assert found is not None
    assert found.favourable == pytest.approx(0.15)


def test_bars_on_other_terms_say_nothing():
    """Split 4 for 1 since: the bars now read a quarter of what was paid."""
    assert excursion(trade(60), HIGHS / 4, LOWS / 4) is None
    assert excursion(trade(60), np.empty(0), np.empty(0)) is None


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(9000, 11000), st.integers(0, 500)), min_size=1, max_size=9),
    st.integers(9000, 11000),
    st.booleans(),
)
def test_the_trade_itself_lies_between_its_excursions(
    bars: list[tuple[int, int]], left: int, long: bool
):
    lows = np.array([low / 100 for low, _ in bars])
    highs = lows + np.array([range_ / 100 for _, range_ in bars])
    units = 10 if long else -10
    held = trade(0, quantity=units, entry=D(bars[0][0]) / 100, exit=D(left) / 100)
    found = excursion(held, highs, lows)
    assert found is not None
    made = (left / bars[0][0] - 1) * (1 if long else -1)
    assert found.adverse <= min(made, 0) + 1e-12
    assert found.favourable >= max(made, 0) - 1e-12
