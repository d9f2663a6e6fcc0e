"""Dates stand at real boundaries, few, and the year is said."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charts.dates import MOST, Tick, full_date, ticks


def weekdays(first: str, n: int) -> np.ndarray:
    return np.busday_offset(first, np.arange(n), roll="forward").astype("datetime64[us]")


def labels(found: list[Tick]) -> list[str]:
    return [tick.label for tick in found]


def test_half_a_year_of_days_shows_months_and_the_new_year() -> None:
    found = ticks(weekdays("2025-09-15", 110))
    assert labels(found) == ["Oct", "Nov", "Dec", "2026", "Feb"]
    assert [tick.strong for tick in found] == [False, False, False, True, False]


def test_months_of_one_year_say_the_year_once() -> None:
    assert labels(ticks(weekdays("2025-02-10", 90))) == ["Mar 2025", "Apr", "May", "Jun"]


def test_a_month_stands_at_its_first_bar() -> None:
    ts = weekdays("2025-05-20", 90)
    june = next(tick for tick in ticks(ts) if tick.label.startswith("Jun"))
    assert ts[june.index] == np.datetime64("2025-06-02")  # the 1st was a Sunday


def test_five_years_show_years() -> None:
    found = ticks(weekdays("2021-02-19", 1260))
    assert labels(found) == ["2022", "2023", "2024", "2025"]


def test_two_days_are_both_named() -> None:
    assert labels(ticks(weekdays("2025-07-01", 2))) == ["1 Jul 2025", "2 Jul"]


def test_one_bar_is_dated_in_full() -> None:
    assert labels(ticks(weekdays("2025-07-01", 1))) == ["1 Jul 2025"]


def test_hours_say_utc_and_name_a_new_day() -> None:
    ts = np.datetime64("2025-07-01T19:00", "us") + np.arange(8) * np.timedelta64(1, "h")
    assert "2 Jul" in labels(ticks(ts))


@given(
    first=st.dates().filter(lambda d: 1971 < d.year < 2090),
    steps=st.lists(st.integers(1, 400), max_size=150),
)
def test_labels_are_few_and_ascend(first: object, steps: list[int]) -> None:
    days = np.datetime64(str(first)) + np.concatenate(([0], np.cumsum(steps))).astype(int)
    found = ticks(days.astype("datetime64[us]"))
    assert 1 <= len(found) <= MOST + 1 or not found
    assert found
    assert [t.index for t in found] == sorted({t.index for t in found})


def test_a_date_in_full() -> None:
    assert full_date(np.datetime64("2025-03-12")) == "12 Mar 2025"
