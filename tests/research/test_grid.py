"""What may be tried: typed values, exact ranges, and one line for everything else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.grid import Grid, said, words
from strategies.registry import STRATEGIES
from trading.errors import BadCommand

BASE = STRATEGIES["mean_reversion"]


def grid(*over: str, limit: int = 2_000) -> Grid:
    return Grid.read(BASE, over, limit)


def values(text: str) -> tuple[object, ...]:
    return grid(text).axes[0].values


def test_a_range_holds_both_its_ends():
    assert values("band=5:30:5") == (5, 10, 15, 20, 25, 30)


def test_a_range_without_a_step_goes_by_one():
    assert values("band=5:8") == (5, 6, 7, 8)


def test_a_range_that_misses_its_end_stops_before_it():
    assert values("band=5:29:10") == (5, 15, 25)


def test_tenths_do_not_drift():
    assert values("width=1:2:0.1") == (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0)


def test_a_list_is_taken_in_its_order_and_once_each():
    assert values("band=30, 10,20,10") == (30, 10, 20)


def test_every_combination_comes_once_the_last_turning_fastest():
    combinations = grid("band=10,20", "width=1,2").combinations()
    assert [words(params) for params in combinations] == [
        "band=10 width=1", "band=10 width=2", "band=20 width=1", "band=20 width=2",
    ]  # fmt: skip


KNOWN = "trend, band, width, rsi, rsi_enter, rsi_exit, slack, atr, stop_atrs"


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ([], f"say which parameters to try, like --over trend=5:30:5; mean_reversion has {KNOWN}"),
        (["bnad=5:30"], f"mean_reversion has no parameter 'bnad'; it has {KNOWN}"),
        (["name=a,b"], f"mean_reversion has no parameter 'name'; it has {KNOWN}"),
        (["band"], "'band' is no parameter and its values; write it like trend=5:30:5"),
        (["band="], "'band=' is no parameter and its values; write it like trend=5:30:5"),
        (["band=5:x"], "band='5:x' is no range; write it like band=5:30:5"),
        (["band=1:2:3:4"], "band='1:2:3:4' is no range; write it like band=5:30:5"),
        (["band=1:inf"], "band='1:inf' is no range; write it like band=5:30:5"),
        (["band=30:5:5"], "band='30:5:5' is empty: a range goes up, from:to:step with a step "
                          "above 0"),
        (["band=5:30:0"], "band='5:30:0' is empty: a range goes up, from:to:step with a step "
                          "above 0"),
        (["band=1:1e9"], "band='1:1e9' is 1,000,000,000 values; at most 10,000 an axis"),
        (["band=5", "band=6"], "band is given twice; write its values in one --over"),
        (["band=1:100", "trend=1:100"], "10,000 combinations are more than 2,000: narrow a range, "
                                        "or say --limit 10000"),
        (["band=-5"], "mean_reversion with band=-5 raised "),
        (["trend=3000"], "mean_reversion with trend=3000: its warmup is 3000 bars; expected 1 to "
                         "2000"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_is_one_line(over: list[str], said: str):
    with pytest.raises(BadCommand) as refused:
        grid(*over)
    line = str(refused.value)
    assert line.startswith(said)
    assert "\n" not in line


def test_a_value_of_another_type_says_what_it_is_now():
    with pytest.raises(BadCommand, match=r"band='x' is no whole number: .*; now it is 20$"):
        grid("band=10,x")


def test_a_larger_limit_is_asked_for_by_number():
    assert len(grid("band=5:104", "width=1:3:0.1", limit=2_100)) == 2_100


@given(st.integers(1, 400), st.integers(0, 300), st.integers(1, 50), st.sampled_from([1, 10, 100]))
def test_a_range_is_every_step_and_nothing_else(first: int, count: int, step: int, scale: int):
    """In whole hundredths, so that the truth is counted exactly."""
    low, width = Decimal(first) / scale, Decimal(step) / scale
    high = low + count * width
    # `slack` alone: its values are not asked of the laws' bars, any number is a fraction
    found = values(f"slack={low}:{high}:{width}")
    assert found == tuple(float(low + i * width) for i in range(count + 1))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_is_written_so_that_it_stays_itself(value: float):
    assert float(said(value)) == value
