"""Drawdowns: which day they began, which was worst, which made them good."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.drawdown import deepest, drawdowns
from tests.analytics.builders import CAPITAL, MONDAY, days

D = Decimal
NETS = st.lists(st.integers(-3000, 3100).map(D), min_size=1, max_size=40)


def day(n: int) -> object:
    return MONDAY + timedelta(days=n)


def test_two_falls_by_hand():
    """100,000: +1,000, −500, −600, +1,100 (back), −2,020, 0."""
    first, second = drawdowns(days(1000, -500, -600, 1100, -2020), CAPITAL)
    assert (first.peak, first.trough, first.recovered) == (day(0), day(2), day(3))
    assert first.amount == -1100
    assert (second.peak, second.trough, second.recovered) == (day(3), day(4), None)
    assert second.lasts
    assert second.share == pytest.approx(-0.02)
    assert deepest(days(1000, -500, -600, 1100, -2020), CAPITAL) == second


def test_the_deepest_is_by_share_not_by_money():
    """−50 of 100 is more than −60 of 1,000."""
    course = days(-50, 950, -60)
    found = deepest(course, D(100))
    assert found is not None
    assert found.amount == -50


def test_what_never_fell_has_none():
    assert deepest(days(1, 0, 2), CAPITAL) is None
    assert deepest([], CAPITAL) is None


def test_money_that_was_taken_out_is_no_fall():
    course = days(1000, 0, 10)
    course[1] = replace(course[1], flow=D(-50_000))
    assert drawdowns(course, CAPITAL) == []


def test_a_fall_after_a_withdrawal_is_measured_by_what_was_left():
    """101,000, of which 51,000 go; of 50,000 a tenth is lost."""
    course = days(1000, 0, -5000)
    course[1] = replace(course[1], flow=D(-51_000))
    (found,) = drawdowns(course, CAPITAL)
    assert found.share == pytest.approx(-0.1)
    assert found.amount == -5000


def test_made_good_with_flows_is_made_good_though_thirds_have_no_end():
    course = days(-100, 0, 100)
    course[1] = replace(course[1], flow=D(200))
    (found,) = drawdowns(course, D(300))  # −1/3, then 400 becomes 500: +1/4, still below
    assert found.lasts
    course[2] = replace(course[2], net=D(200))
    assert drawdowns(course, D(300))[0].recovered == day(2)


@settings(max_examples=60)
@given(NETS)
def test_the_deepest_is_the_lowest_point_under_a_running_peak(nets: list[Decimal]):
    worth, top, lowest = CAPITAL, CAPITAL, 0.0
    for net in nets:
        worth += net
        top = max(top, worth)
        lowest = min(lowest, float(worth / top - 1))
    found = deepest(days(*nets), CAPITAL)
    assert (found.share if found else 0.0) == pytest.approx(lowest)
    for one in drawdowns(days(*nets), CAPITAL):
        assert one.amount < 0
        assert one.recovered is None or one.trough < one.recovered
        assert one.peak is None or one.peak < one.trough
