"""What the stores hold: symbols, ranges, gaps, and how far behind the exchange they are."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from market import audit
from market.store import BarStore
from trading.ports import Calendar

_COLUMNS = ("exchange", "bars of", "symbols", "from", "to", "bars", "missing", "behind")


@dataclass(frozen=True, slots=True)
class Coverage:
    """One store: an exchange's bars of one timeframe."""

    exchange: str
    timeframe: str
    symbols: int
    first: datetime
    last: datetime
    bars: int
    missing: int
    behind: int  # sessions closed since the last bar's
    stale: int  # symbols whose last bar is older than the newest


def coverage(exchange: str, store: BarStore, calendar: Calendar, now: datetime) -> Coverage:
    """Of a store that holds bars."""
    keys = store.read().frame().select("symbol", "ts")
    lasts = keys.group_by("symbol").agg(pl.col("ts").max())
    first, last = keys.select(pl.col("ts").min(), pl.col("ts").max().alias("last")).row(0)
    return Coverage(
        exchange,
        store.timeframe,
        len(lasts),
        first,
        last,
        len(keys),
        audit.gaps(keys, calendar, store.timeframe).bars,
        behind(last, store.timeframe, calendar, now),
        int((lasts["ts"] < last).sum()),
    )


def behind(last: datetime, timeframe: str, calendar: Calendar, now: datetime) -> int:
    """How many sessions closed after the one of `last`."""
    session = None if timeframe.endswith("d") else calendar.session_at(last)
    day: date = session.day if session else last.date()
    expected = calendar.last_closed(now).day
    return (
        len([s for s in calendar.sessions(day, expected) if s.day > day]) if day < expected else 0
    )


def table(found: list[Coverage]) -> str:
    """One line a store."""
    rows = [
        (
            one.exchange,
            one.timeframe,
            f"{one.symbols:,}",
            f"{one.first:%Y-%m-%d}",
            f"{one.last:%Y-%m-%d}",
            f"{one.bars:,}",
            f"{one.missing:,}",
            "up to date" if not one.behind else audit.counted(one.behind, "session"),
        )
        for one in found
    ]
    widths = [max(len(row[i]) for row in [_COLUMNS, *rows]) for i in range(len(_COLUMNS))]
    right = {2, 5, 6}
    lines = [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [_COLUMNS, *rows]
    ]
    late = [
        f"{one.exchange} {one.timeframe}: "
        f"{audit.counted(one.stale, 'symbol')} ended before the newest"
        for one in found
        if one.stale
    ]
    return "\n".join([*lines, *late])


def detail(
    symbol: str, exchange: str, store: BarStore, calendar: Calendar, now: datetime
) -> list[str]:
    """One symbol in one store; no lines where it has no bar there."""
    bars = store.read([symbol]).frame().with_columns(pl.col("volume").fill_nan(None))
    if bars.is_empty():
        return []
    first, last = bars["ts"][0], bars["ts"][-1]
    late = behind(last, store.timeframe, calendar, now)
    lines = [
        f"{exchange} {store.timeframe}: {len(bars):,} bars, {audit.stamp(first)} to "
        f"{audit.stamp(last)}, "
        + (f"{audit.counted(late, 'session')} behind" if late else "up to date"),
        f"  last        O {bars['open'][-1]:g}  H {bars['high'][-1]:g}  L {bars['low'][-1]:g}  "
        f"C {bars['close'][-1]:g}",
    ]
    return [*lines, *(f"  {line}" for line in audit.findings(bars, calendar, store.timeframe))]
