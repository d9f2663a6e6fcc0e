"""Days in calendar buckets, and the last against those before."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.days import Day
from analytics.periods import Against, Span, buckets, last, last_day, start
from tests.analytics.builders import days

D = Decimal
DAYS = st.dictionaries(
    st.dates(date(2023, 11, 1), date(2025, 3, 1)),
    st.integers(-(10**6), 10**6).map(lambda n: D(n) / 100),
    max_size=25,
).map(lambda found: [Day(day, net, D(1)) for day, net in sorted(found.items())])


@pytest.mark.parametrize(
    ("span", "label", "first", "end"),
    [
        (Span.DAY, "2024-12-31", date(2024, 12, 31), date(2024, 12, 31)),
        (Span.WEEK, "2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
        (Span.MONTH, "2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        (Span.QUARTER, "2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        (Span.YEAR, "2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_the_last_day_of_a_year_falls_in(span: Span, label: str, first: date, end: date):
    (bucket,) = buckets([Day(date(2024, 12, 31), D(5))], span)
    assert (bucket.label, bucket.first, bucket.last, bucket.net) == (label, first, end, 5)


def test_a_month_without_a_session_keeps_its_place():
    found = buckets([Day(date(2024, 11, 29), D(1)), Day(date(2025, 2, 3), D(2))], Span.MONTH)
    assert [one.label for one in found] == ["2024-11", "2024-12", "2025-01", "2025-02"]
    assert [one.net for one in found] == [1, 0, 0, 2]
    assert [one.days for one in found] == [1, 0, 0, 1]


@settings(max_examples=60)
@given(DAYS, st.sampled_from(list(Span)))
def test_buckets_lie_end_to_end_and_add_up_to_the_days(course: list[Day], span: Span):
    found = buckets(reversed(course), span)
    assert sum((one.net for one in found), D(0)) == sum((day.net for day in course), D(0))
    assert sum(one.days for one in found) == len(course)
    assert sum((one.gross for one in found), D(0)) == sum((day.gross for day in course), D(0))
    for before, after in pairwise(found):
        assert before.last < after.first
        if span is not Span.DAY:
            assert before.last + timedelta(days=1) == after.first
    for one in found:
        assert start(one.first, span) == start(one.last, span) == one.first


def test_the_last_seven_days_against_the_seven_before():
    """Monday 3 to Friday 14 February: 1 to 10. The last seven days begin on Saturday 8."""
    course = days(*range(1, 11))
    assert last(course, 7) == Against(D(6 + 7 + 8 + 9 + 10), D(1 + 2 + 3 + 4 + 5))
    assert last(course, 7).change == 25
    assert last(course, 7, today=date(2025, 2, 16)) == Against(D(40), D(15))


def test_what_began_within_the_period_has_nothing_before_it():
    assert last(days(1, 2, 3), 30) == Against(D(6), None)
    assert last(days(1, 2, 3), 30).change is None
    assert last([], 7) == last_day([]) == Against(D(0), None)
    assert last_day(days(5)) == Against(D(5), None)
    assert last_day(days(5, 7)).change == 2
