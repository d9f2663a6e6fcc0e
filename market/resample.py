"""Weekly bars out of daily ones, and which bar a session completes."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from market.panel import Panel
from trading.bars import Floats
from trading.errors import DataError
from trading.ports import Calendar, Session

#: The most sessions a bar of each timeframe spans; a scan reads that many daily bars for one.
SESSIONS: Mapping[str, int] = {"1d": 1, "1w": 5}
DAY = np.timedelta64(1, "D")


def week_of(day: date) -> date:
    """The Monday of its ISO week, which dates the weekly bar, holiday or not."""
    return day - timedelta(days=day.weekday())


def completed(timeframe: str, session: Session, calendar: Calendar) -> date | None:
    """The date of the bar known once `session` has closed, or None while that bar is open.

    A weekly bar is complete with the last session of its ISO week: Thursday before a Good Friday.
    """
    if timeframe == "1d":
        return session.day
    if timeframe == "1w":
        monday = week_of(session.day)
        last = calendar.sessions(session.day, monday + timedelta(days=6))[-1]
        return monday if last.day == session.day else None
    raise DataError(f"bars of {timeframe!r} cannot be made from daily ones; there are 1d and 1w")


def resampled(panel: Panel, timeframe: str) -> Panel:
    """The daily panel in bars of `timeframe`. The last one of each instrument may still be open:
    ask `completed` before reading it."""
    if timeframe == "1d":
        return panel
    if timeframe == "1w":
        return weekly(panel)
    raise DataError(f"bars of {timeframe!r} cannot be made from daily ones; there are 1d and 1w")


def weekly(panel: Panel) -> Panel:
    """One bar an ISO week, dated on its Monday 00:00: the first open, the highest high, the lowest
    low, the last close, the sum of volumes. A week in which an instrument never traded has none.
    """
    if not panel.rows:
        return Panel.empty()
    days = panel.ts.astype("datetime64[D]")
    # 1970-01-01 was a Thursday: three days later counts make every Monday a multiple of seven
    mondays = days - ((days.astype(np.int64) + 3) % 7) * DAY
    begins = np.empty(panel.rows, np.bool_)
    begins[:1] = True
    np.not_equal(mondays[1:], mondays[:-1], out=begins[1:])
    begins[panel.offsets[:-1][np.diff(panel.offsets) > 0]] = True
    first = np.flatnonzero(begins)
    last = np.append(first[1:], panel.rows) - 1
    return Panel(
        panel.symbols,
        np.searchsorted(first, panel.offsets).astype(np.int64),
        mondays[first].astype("datetime64[us]"),
        panel.open[first],
        np.maximum.reduceat(panel.high, first),
        np.minimum.reduceat(panel.low, first),
        panel.close[last],
        np.add.reduceat(panel.volume, first),
    )


def opened(panel: Panel, day: date, opens: Mapping[str, float]) -> Panel:
    """The panel with one more bar for each instrument that has opened on `day`: only its open is
    known, the rest is NaN. Others are left as they are."""
    stamp = np.datetime64(day, "us")
    if panel.rows and panel.ts.max() >= stamp:
        raise DataError(f"the bars reach {panel.ts.max()} already; {day} is not opening")
    joins = np.array([symbol in opens for symbol in panel.symbols], np.bool_)
    at = panel.offsets[1:][joins]
    prices = np.array([opens[s] for s, joined in zip(panel.symbols, joins, strict=True) if joined])

    def with_last(column: Floats, value: Floats | float) -> Floats:
        grown: Floats = np.insert(column, at, value)
        return grown

    stamps: NDArray[np.datetime64] = np.insert(panel.ts, at, stamp)
    unknown = np.nan
    return Panel(
        panel.symbols,
        panel.offsets + np.concatenate([[0], np.cumsum(joins)]),
        stamps,
        with_last(panel.open, prices),
        with_last(panel.high, unknown),
        with_last(panel.low, unknown),
        with_last(panel.close, unknown),
        with_last(panel.volume, unknown),
    )
