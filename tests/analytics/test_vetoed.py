"""What was turned down would have become, on bars drawn by hand."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from analytics.vetoed import Course, Ended, Vetoed, by_strategy, course
from trading.bars import Bars

OPEN = [100.0, 102.0, 101.0, 90.0]
HIGH = [103.0, 104.0, 102.0, 92.0]
LOW = [99.0, 100.0, 95.0, 88.0]
CLOSE = [102.0, 101.0, 96.0, 91.0]
DAYS = [date(2025, 2, day) for day in (3, 4, 5, 6)]
BARS = Bars(
    "AAPL",
    np.array(DAYS, "datetime64[us]"),
    *(np.array(column) for column in (OPEN, HIGH, LOW, CLOSE)),
    np.full(4, 1e6),
)
NEVER = np.zeros(4, np.bool_)


def became(*, long: bool = True, first: int = 0, at_close: bool = False, **given: object) -> Course:
    exits = given.pop("exits", NEVER)
    found = course(BARS, long=long, first=first, at_close=at_close, exits=exits, **given)  # type: ignore[arg-type]
    assert found is not None
    return found


def exits(*rows: int) -> np.ndarray:
    return np.isin(np.arange(4), rows)


def test_the_strategys_own_exit_at_the_next_open():
    found = became(exits=exits(0, 2))
    assert found == Course(DAYS[0], 100.0, DAYS[2], 101.0, Ended.EXIT)
    assert found.gain(long=True) == 1.0
    assert found.returned(long=True) == pytest.approx(0.01)


def test_a_stop_fills_at_its_price():
    assert became(stop=97.0) == Course(DAYS[0], 100.0, DAYS[2], 97.0, Ended.STOP)


def test_a_stop_that_a_gap_jumps_over_fills_at_the_open():
    assert became(stop=94.0) == Course(DAYS[0], 100.0, DAYS[3], 90.0, Ended.STOP)


def test_a_stop_on_the_day_of_the_entry_counts_only_from_the_open():
    assert became(stop=99.5).ended is Ended.STOP
    assert became(stop=99.5, at_close=True).left == DAYS[2]


def test_a_short_is_stopped_above():
    found = became(long=False, stop=103.5)
    assert (found.left, found.exit, found.ended) == (DAYS[1], 103.5, Ended.STOP)
    assert found.gain(long=False) == -3.5


def test_what_holds_no_night_leaves_at_the_close():
    found = became(one_session=True)
    assert (found.left, found.exit, found.ended) == (DAYS[0], 102.0, Ended.SESSION)


def test_what_has_not_ended_is_worth_the_last_close():
    found = became(first=1, at_close=True)
    assert (found.entry, found.exit, found.ended) == (101.0, 91.0, Ended.OPEN)


def test_no_bar_on_its_day_is_no_answer():
    assert course(BARS, long=True, first=4, at_close=False, exits=NEVER) is None
    assert course(BARS[:0], long=True, first=0, at_close=False, exits=NEVER[:0]) is None


def test_strategies_are_summed_by_name():
    def one(number: int, gain: int, state: str, ended: Ended) -> Vetoed:
        how = Course(DAYS[0], 100.0, DAYS[1], 100.0 + gain, ended)
        return Vetoed(number, "dip", "AAPL", True, state, how, Decimal(gain))

    (found,) = by_strategy([one(1, 5, "rejected", Ended.EXIT), one(2, -3, "expired", Ended.OPEN)])
    assert (found.signals, found.rejected, found.expired, found.won) == (2, 1, 1, 1)
    assert (found.gain, found.running) == (2, 1)
    assert found.mean_return == pytest.approx(0.01)


def test_what_had_no_funds_won_without_a_gain():
    how = Course(DAYS[0], 100.0, DAYS[1], 103.0, Ended.EXIT)
    none = Vetoed(1, "dip", "AAPL", True, "expired", how, Decimal(0), Decimal(0))
    (found,) = by_strategy([none])
    assert (found.won, found.gain, found.unfunded) == (1, 0, 1)
