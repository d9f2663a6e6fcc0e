"""What is wrong with bars: repeats, broken bars, gaps, moves."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import audit
from market.calendars import ExchangeCalendar, RoundTheClock
from tests.market.test_store import bar, days, frame

CLOCK = RoundTheClock()
HOUR = timedelta(hours=1)
T0 = datetime(2024, 1, 1, tzinfo=UTC)


def hours(symbol: str, *numbers: int, step: timedelta = HOUR) -> pl.DataFrame:
    return frame([bar(symbol, date(2024, 1, 1), ts=T0 + n * step) for n in numbers])


@given(st.sets(st.integers(0, 200), min_size=1), st.sampled_from(["1h", "15m", "1d"]))
def test_missing_bars_are_those_between_the_first_and_the_last(
    there: set[int], timeframe: str
) -> None:
    numbers = sorted(there)
    found = audit.gaps(hours("A", *numbers, step=audit.step_of(timeframe)), CLOCK, timeframe)
    steps = np.diff(numbers)
    assert found.bars == (numbers[-1] - numbers[0] + 1) - len(numbers)
    assert found.runs == int((steps > 1).sum())
    assert found.longest == (int(steps.max()) - 1 if len(steps) else 0)


def test_nights_and_weekends_are_no_gaps() -> None:
    calendar = ExchangeCalendar.open("XNYS", first_year=2024, last_year=2024)
    quarter = timedelta(minutes=15)
    times = [
        session.open + n * quarter
        for session in calendar.sessions(date(2024, 6, 28), date(2024, 7, 5))
        for n in range((session.close - session.open) // quarter)
    ]
    assert len(times) == 4 * 26 + 14, "3 July closes at one, the fourth is a holiday"
    bars = frame([bar("A", t.date(), ts=t) for t in times])
    assert audit.gaps(bars, calendar, "15m") == audit.Gaps()
    early = frame([bar("A", t.date(), ts=t - timedelta(hours=5)) for t in times[:1]])
    assert audit.gaps(pl.concat([early, bars]), calendar, "15m").bars == 0, "before the open"
    found = audit.gaps(bars.filter(pl.col("ts") != times[30]), calendar, "15m")
    assert (found.bars, found.runs, found.symbols) == (1, 1, 1)


def test_one_symbols_end_is_not_the_next_ones_gap() -> None:
    bars = pl.concat([hours("A", 0, 1), hours("B", 100, 101)])
    assert audit.gaps(bars, CLOCK, "1h").bars == 0


def test_a_row_given_twice_is_one_bar() -> None:
    bars = hours("A", 1, 0, 1)
    clean = audit.cleaned(bars)
    assert clean.bars["ts"].to_list() == [T0, T0 + HOUR]
    assert (clean.repeated.count, clean.conflicting.count) == (1, 0)
    assert clean.repeated.example == "A 2024-01-01 01:00 UTC"


def test_of_two_bars_for_one_time_the_later_row_is_kept() -> None:
    one, other = bar("A", *days(0), 10.0), bar("A", *days(0), 11.0)
    clean = audit.cleaned(frame([one, other]))
    assert clean.bars["close"].to_list() == [11.0]
    assert (clean.repeated.count, clean.conflicting.count) == (0, 1)


def test_a_bar_whose_high_does_not_hold_its_close_is_left_out() -> None:
    clean = audit.cleaned(frame([bar("A", *days(0)), bar("A", *days(1), close=10.5)]))
    assert len(clean.bars) == 1
    assert (clean.broken.count, clean.broken.example) == (1, "A 2024-01-02")


def wandering(moves: dict[int, float]) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    steps = rng.normal(0, 0.01, 300)
    opens = np.zeros(300)
    for place, move in moves.items():
        opens[place] = move
    close = 100 * np.exp(np.cumsum(steps + opens))
    before = np.concatenate([[100.0], close[:-1]])
    opened = before * np.exp(opens)
    return frame(
        [
            bar("A", d, c, open=o, high=max(o, c), low=min(o, c))
            for d, c, o in zip(days(*range(300)), close, opened, strict=True)
        ]
    )


def test_an_ordinary_walk_has_no_moves_out_of_line() -> None:
    assert audit.moves(wandering({})) == audit.Moves()


@pytest.mark.parametrize(("ratio", "percent"), [(4, "-75 %"), (1 / 10, "+900 %")])
def test_a_split_nobody_adjusted_for_is_told(ratio: float, percent: str) -> None:
    found = audit.moves(wandering({150: -float(np.log(ratio))}))
    assert found.splits == audit.Told(1, f"A 2024-05-30 {percent}")
    assert found.outliers.count == 1


def test_a_fall_that_is_no_split_is_only_out_of_line() -> None:
    found = audit.moves(wandering({150: float(np.log(0.45))}))
    assert (found.outliers.count, found.splits.count) == (1, 0)


def test_bars_on_days_the_exchange_was_closed_are_found() -> None:
    calendar = ExchangeCalendar.open("XNYS", first_year=2023, last_year=2024)
    bars = frame([bar("A", d) for d in days(0, 1, 4, 5)])  # New Year; 5 and 6 January
    assert audit.closed_days(bars, calendar)["ts"].dt.day().to_list() == [1, 6]
