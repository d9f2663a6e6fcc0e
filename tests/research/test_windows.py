"""Walk-forward windows: training before testing, no day twice, nothing left out."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from research.windows import Span, Window, walk_forward
from trading.errors import BadCommand

YEARS = Span(months=24)
HALF = Span(months=6)
DAY = timedelta(days=1)


def spans(months: int) -> st.SearchStrategy[Span]:
    return st.one_of(
        st.builds(lambda count: Span(months=count), st.integers(1, months)),
        st.builds(lambda count: Span(days=count), st.integers(1, 30 * months)),
    )


@pytest.mark.parametrize(
    ("text", "span"),
    [("2y", Span(24)), ("6m", Span(6)), (" 8W ", Span(0, 56)), ("90 d", Span(0, 90))],
)
def test_lengths_are_written_as_people_do(text: str, span: Span):
    assert Span.read(text) == span


@pytest.mark.parametrize("text", ["", "6", "m", "0y", "-2y", "2.5y", "2y6m", "99999d", "١y٢"])
def test_what_is_no_length_is_one_line(text: str):
    with pytest.raises(BadCommand, match=r"is no length of time; write it like 2y, 6m, 8w or 90d"):
        Span.read(text)


def test_the_end_of_a_month_stays_in_its_month():
    assert HALF.before(date(2024, 8, 31)) == date(2024, 2, 29)


def test_five_folds_of_the_sample():
    folds = walk_forward(date(2021, 12, 3), date(2026, 2, 18), folds=5, train=YEARS, test=HALF)
    assert str(folds[0].train) == "2021-12-03 to 2023-08-18", "cut at the first known day"
    assert str(folds[1].train) == "2022-02-19 to 2024-02-18"
    assert str(folds[-1].test) == "2025-08-19 to 2026-02-18"


def test_anchored_training_begins_with_the_first_day():
    folds = walk_forward(
        date(2021, 1, 1), date(2026, 2, 18), folds=3, train=HALF, test=HALF, anchored=True
    )
    assert {fold.train.first for fold in folds} == {date(2021, 1, 1)}


def test_too_little_history_says_what_to_shorten():
    with pytest.raises(BadCommand, match="fold 1 would test from .* take fewer folds"):
        walk_forward(date(2025, 1, 1), date(2026, 2, 18), folds=5, train=YEARS, test=HALF)


def test_no_folds_test_nothing():
    with pytest.raises(BadCommand, match="0 folds test nothing"):
        walk_forward(date(2021, 1, 1), date(2026, 2, 18), folds=0, train=YEARS, test=HALF)


@given(
    first=st.dates(date(1990, 1, 1), date(2024, 1, 1)),
    length=st.integers(2_000, 9_000),
    folds=st.integers(1, 12),
    train=spans(36),
    test=spans(9),
    anchored=st.booleans(),
)
def test_training_ends_where_testing_begins_and_no_day_is_tested_twice(
    first: date, length: int, folds: int, train: Span, test: Span, anchored: bool
):
    last = first + timedelta(days=length)
    try:
        made = walk_forward(first, last, folds=folds, train=train, test=test, anchored=anchored)
    except BadCommand:
        assume(False)
    assert [fold.number for fold in made] == list(range(1, folds + 1))
    for fold in made:
        assert first <= fold.train.first < fold.train.end == fold.test.first < fold.test.end
        assert not any(day in fold.train for day in (fold.test.first, fold.test.end - DAY))
        assert fold.train.end - DAY in fold.train
        assert anchored <= (fold.train.first == first)
    for before, after in pairwise(made):
        assert before.test.end == after.test.first, "no day between two tests, none in both"
    assert made[-1].test.end == last + DAY, "the last day is tested"


def test_a_window_holds_its_first_day_and_not_its_end():
    window = Window(date(2024, 1, 1), date(2024, 1, 3))
    assert [date(2024, 1, day) in window for day in (1, 2, 3)] == [True, True, False]
