"""Ticks are round, figures are short, tags never touch."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.scale import Frame, axis_figures, decimals_of, figure, money, spread, ticks

HEIGHT = 52.0


@given(
    low=st.floats(-1e7, 1e7),
    span=st.floats(1e-3, 1e7),
    most=st.integers(2, 8),
)
def test_ticks_are_round_inside_and_few(low: float, span: float, most: int) -> None:
    high = low + max(span, abs(low) * 1e-6)  # prices in sight differ in their first six digits
    values, step = ticks(low, high, most)
    assert 0 <= len(values) <= most
    slack = step * 1e-6
    assert all(low - slack <= v <= high + slack for v in values)
    assert all(abs(v / step - round(v / step)) < 1e-6 for v in values)
    leading = step / 10 ** np.floor(np.log10(step * (1 + 1e-9)))
    assert min(abs(leading - r) for r in (1, 2, 2.5, 5)) < 1e-6


@given(st.lists(st.floats(-500, 1500), max_size=12))
def test_tags_keep_their_order_and_never_touch(wanted: list[float]) -> None:
    placed = spread(wanted, HEIGHT, 0, 1000)
    assert all(HEIGHT / 2 - 1e-6 <= y <= 1000 - HEIGHT / 2 + 1e-6 for y in placed)
    in_order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    for below, above in pairwise(in_order):
        assert placed[above] - placed[below] >= HEIGHT - 1e-6


@given(st.lists(st.integers(0, 9), unique=True, max_size=9))
def test_tags_with_room_stay_where_they_belong(places: list[int]) -> None:
    wanted = [100.0 + 90 * place for place in places]
    assert spread(wanted, HEIGHT, 0, 1000) == pytest.approx(wanted)


def test_more_tags_than_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        spread([0.0] * 20, HEIGHT, 0, 1000)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.00"),
        (-0.001, "−0.0010"),
        (12.5, "12.50"),
        (-999.99, "−999.99"),
        (999.999, "1,000"),
        (-12345.6, "−12,346"),
        (999_999, "999,999"),
        (1_234_567, "1.23M"),
        (-56_700_000, "−56.7M"),
        (2.5e9, "2.50B"),
    ],
)
def test_money_is_as_short_as_it_may_be(value: float, text: str) -> None:
    assert money(value) == text


def test_a_signed_figure_says_plus() -> None:
    assert money(42, signed=True) == "+42.00"
    assert figure(0, 2, signed=True) == "0.00"


def test_an_axis_is_written_in_one_way() -> None:
    assert axis_figures([-1000, 0, 1000], 1000) == ["−1,000", "0", "1,000"]
    assert axis_figures([0, 2.5, 5], 2.5) == ["0", "2.50", "5.00"]
    assert axis_figures([0, 200_000, 400_000], 200_000) == ["0", "200k", "400k"]
    assert axis_figures([-2.5e6, 0], 2.5e6) == ["−2.5M", "0"]


def test_decimals_write_a_step_exactly() -> None:
    assert [decimals_of(s) for s in (20, 5, 2.5, 0.5, 0.25, 0.0005)] == [0, 0, 1, 1, 2, 4]


def test_bars_stand_side_by_side_without_gaps() -> None:
    frame = Frame(left=10, right=110, bottom=0, top=50, low=0, high=100, slot=10)
    assert frame.x([0, 1, 9]).tolist() == [15, 25, 105]
    assert frame.y([0, 50, 100]).tolist() == [0, 25, 50]
