from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.calendars import ExchangeCalendar
from market.panel import Panel
from market.resample import completed, opened, resampled, week_of, weekly
from market.sample import sample_bars
from trading.errors import DataError

XNYS = ExchangeCalendar.open("XNYS", first_year=2021, last_year=2026)


def closing(day: date) -> date | None:
    session = XNYS.session_on(day)
    assert session
    return completed("1w", session, XNYS)


@pytest.mark.parametrize(
    ("day", "bar"),
    [
        (date(2025, 2, 7), date(2025, 2, 3)),  # an ordinary Friday
        (date(2025, 2, 6), None),
        (date(2025, 4, 17), date(2025, 4, 14)),  # Thursday before Good Friday
        (date(2024, 11, 29), date(2024, 11, 25)),  # the half-day after Thanksgiving
        (date(2022, 1, 7), date(2022, 1, 3)),
        (date(2020 + 5, 1, 3), date(2024, 12, 30)),  # a week across two years
        (date(2025, 3, 7), date(2025, 3, 3)),  # the Friday before the clocks change
        (date(2025, 9, 5), date(2025, 9, 1)),  # a week that Labor Day begins
    ],
)
def test_a_week_is_known_after_its_last_session(day: date, bar: date | None) -> None:
    assert closing(day) == bar


def test_every_week_of_sessions_is_completed_once() -> None:
    sessions = XNYS.sessions(date(2021, 1, 4), date(2025, 12, 26))
    bars = [bar for s in sessions if (bar := completed("1w", s, XNYS))]
    assert bars == sorted({week_of(s.day) for s in sessions})


def test_a_daily_bar_is_known_after_its_session_and_others_are_refused() -> None:
    session = XNYS.sessions(date(2025, 2, 3), date(2025, 2, 3))[0]
    assert completed("1d", session, XNYS) == date(2025, 2, 3)
    with pytest.raises(DataError, match="'1h' cannot be made from daily ones"):
        completed("1h", session, XNYS)
    with pytest.raises(DataError, match="'1h' cannot be made from daily ones"):
        resampled(Panel.empty(), "1h")


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    rows = []
    for symbol in draw(st.lists(st.sampled_from("ABCDE"), min_size=1, unique=True)):
        for day in draw(st.sets(st.integers(0, 60), min_size=1, max_size=40)):
            price = 50.0 + draw(st.integers(0, 400)) / 8
            low, high = price - 2, price + draw(st.integers(1, 9))
            stamp = datetime(2024, 12, 20, tzinfo=UTC) + timedelta(days=day)
            rows.append((symbol, stamp, price - 1, high, low, price, float(day)))
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    return Panel.from_frame(pl.DataFrame(rows, schema=names, orient="row"))


@settings(max_examples=60)
@given(panels())
def test_weeks_are_those_of_polars(panel: Panel) -> None:
    wanted = (
        panel.frame()
        .sort("symbol", "ts")
        .group_by("symbol", pl.col("ts").dt.truncate("1w"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
    )
    assert weekly(panel).frame().equals(wanted)


def test_weeks_of_the_sample_lose_no_volume() -> None:
    panel = Panel.from_frame(sample_bars())
    weeks = weekly(panel)
    assert weeks.symbols == panel.symbols
    assert weeks.volume.sum() == panel.volume.sum()
    assert set(weeks.ts.astype("datetime64[D]").astype(int) % 7) == {4}  # all Mondays
    assert weekly(Panel.empty()).rows == 0


def test_at_the_open_only_the_open_is_known() -> None:
    panel = Panel.from_frame(sample_bars()).tail(3)
    grown = opened(panel, date(2026, 2, 19), {"AAPL": 260.5, "XYZ": 91.0})
    bars = grown["AAPL"]
    assert (len(bars), bars.open[-1]) == (4, 260.5)
    for column in ("high", "low", "close", "volume"):
        assert np.isnan(getattr(bars, column)[-1])
        assert not np.isnan(getattr(bars, column)[:-1]).any()
    np.testing.assert_array_equal(bars.close[:-1], panel["AAPL"].close)
    np.testing.assert_array_equal(grown["MSFT"].ts, panel["MSFT"].ts)
    with pytest.raises(DataError, match="2026-02-18 is not opening"):
        opened(panel, date(2026, 2, 18), {"AAPL": 1.0})
