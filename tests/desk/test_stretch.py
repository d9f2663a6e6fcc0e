"""Periods as an operator writes them."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.stretch import is_one, stretch
from trading.errors import BadCommand

TODAY = date(2026, 3, 18)  # a Wednesday
BEGIN = date.min


@pytest.mark.parametrize(
    ("word", "first", "last", "name"),
    [
        ("today", TODAY, TODAY, "today"),
        ("day", TODAY, TODAY, "today"),
        ("week", date(2026, 3, 16), TODAY, "this week"),
        ("Month", date(2026, 3, 1), TODAY, "this month"),
        ("quarter", date(2026, 1, 1), TODAY, "this quarter"),
        ("ytd", date(2026, 1, 1), TODAY, "this year"),
        ("all", BEGIN, TODAY, "since the start"),
        ("90d", date(2025, 12, 19), TODAY, "last 90 days"),
        ("1m", date(2026, 2, 19), TODAY, "one month to today"),
        ("jan", date(2026, 1, 1), date(2026, 1, 31), "January 2026"),
        ("march", date(2026, 3, 1), TODAY, "March 2026"),
        ("dec", date(2025, 12, 1), date(2025, 12, 31), "December 2025"),
        ("2025", date(2025, 1, 1), date(2025, 12, 31), "2025"),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "February 2026"),
        ("2026-02-03", date(2026, 2, 3), date(2026, 2, 3), "3 Feb 2026"),
        (
            "2026-01-01..2026-02-15",
            date(2026, 1, 1),
            date(2026, 2, 15),
            "1 Jan 2026 to 15 Feb 2026",
        ),
        ("dec..jan", date(2025, 12, 1), date(2026, 1, 31), "1 Dec 2025 to 31 Jan 2026"),
        ("2026-03..", date(2026, 3, 1), TODAY, "1 Mar 2026 to 18 Mar 2026"),
        ("..2025-12-31", BEGIN, date(2025, 12, 31), "until 31 Dec 2025"),
    ],
)
def test_a_word_means_these_days(word: str, first: date, last: date, name: str):
    found = stretch(word, TODAY)
    assert (found.first, found.last, found.name) == (first, last, name)
    assert is_one(word, TODAY)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("fortnight", "'fortnight' is no period; write one like today, week, month"),
        ("2026-13", "is no period"),
        ("2026-02-30", "is no period"),
        ("0d", "is no period"),
        ("9999y", "is no period"),
        ("ma", "is no period"),
        ("2027", "has not come yet"),
        ("2026-02..2026-01", "ends before it begins"),
    ],
)
def test_what_is_none_is_refused_in_one_line(word: str, line: str):
    with pytest.raises(BadCommand, match=line) as refusal:
        stretch(word, TODAY)
    assert "\n" not in str(refusal.value)


@given(st.text("0123456789-.dwmyajnf", max_size=24))
@settings(max_examples=200)
def test_any_text_is_days_in_order_that_have_begun_or_refused(text: str):
    try:
        found = stretch(text, TODAY)
    except BadCommand:
        return
    assert found.first <= found.last <= TODAY
    again = stretch(found.word, TODAY)
    assert (again.first, again.last) == (found.first, found.last)


def test_a_report_is_named_after_its_month_whatever_asked_for_it():
    assert stretch("month", TODAY).title == stretch("2026-03", TODAY).title == "March 2026"
    assert stretch("jan..feb", TODAY).title == "1 Jan 2026 to 28 Feb 2026"
    assert stretch("today", TODAY).title == "18 Mar 2026"
