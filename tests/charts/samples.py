"""Facts to draw: a seeded year of bars, a mean-reversion card, days of profit and loss."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from charts import CandlesSpec, DigestSpec, Level, Mark, Panel, PnlDay, PnlSpec, ReplaySpec
from charts.specs import BarsSpec, CalendarSpec, CompareSpec, Shortfall, SlippageSpec
from trading.bars import Bars
from trading.types import Side


def bars(n: int = 320, *, price: float = 180.0, seed: int = 7) -> Bars:
    """Weekdays from 2 January 2025 on."""
    random = np.random.default_rng(seed)
    days = np.busday_offset("2025-01-02", np.arange(n)).astype("datetime64[us]")
    close = price * np.exp(np.cumsum(random.normal(0.0005, 0.015, n)))
    start = close * np.exp(random.normal(0, 0.006, n))
    high = np.maximum(start, close) * (1 + np.abs(random.normal(0, 0.006, n)))
    low = np.minimum(start, close) * (1 - np.abs(random.normal(0, 0.006, n)))
    return Bars("AAPL", days, start, high, low, close, random.uniform(3e7, 9e7, n).round())


def band(close: np.ndarray, n: int = 20) -> np.ndarray:
    out = np.full((3, len(close)), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(close, n)
    mean, spread = windows.mean(1), 2 * windows.std(1)
    out[:, n - 1 :] = mean - spread, mean, mean + spread
    return out


def mean(close: np.ndarray, n: int = 200) -> np.ndarray:
    out = np.full(len(close), np.nan)
    out[n - 1 :] = np.lib.stride_tricks.sliding_window_view(close, n).mean(1)
    return out


def swing(close: np.ndarray) -> np.ndarray:
    """Something that moves like an RSI between 15 and 85."""
    out = np.full(len(close), np.nan)
    change = np.diff(np.log(close), prepend=np.nan)
    out[14:] = 50 + 35 * np.tanh(
        np.lib.stride_tricks.sliding_window_view(change[1:], 14).mean(1) * 150
    )
    return out


def card(of: Bars | None = None, **changes: Any) -> CandlesSpec:
    """A mean-reversion entry as its card shows it."""
    of = of or bars()
    close = float(of.close[np.isfinite(of.close)][-1])
    parts: dict[str, Any] = {
        "bars": of,
        "title": "AAPL · buy 41",
        "subtitle": "Mean reversion · RSI 28.4 under 30",
        "overlays": {"Bollinger 20, 2": band(of.close), "SMA 200": mean(of.close)}
        if len(of) >= 200
        else {},
        "panels": (Panel("RSI 14", swing(of.close), (30, 50)),) if len(of) > 20 else (),
        "levels": (Level("signal", round(close, 2)), Level("stop", round(close * 0.95, 2))),
    }
    return CandlesSpec(**(parts | changes))


def fill(of: Bars, i: int, side: Side = Side.BUY, label: str = "") -> Mark:
    """A fill at the open of bar `i`; one past the last bar is the next session's."""
    day = of.ts[i] if i < len(of) else of.ts[-1] + np.timedelta64(1, "D")
    price = float(of.open[i]) if i < len(of) else float(of.close[-1])
    at = day.astype(datetime).replace(tzinfo=UTC) + timedelta(hours=14, minutes=30)
    return Mark(at, price, side, label or f"filled 41 @ {price:.2f}")


def pnl_days(n: int, *, seed: int = 1, size: float = 400.0) -> tuple[PnlDay, ...]:
    random = np.random.default_rng(seed)
    days = np.busday_offset("2025-07-01", np.arange(n), roll="forward").astype(object)
    return tuple(
        PnlDay(day, round(float(net), 2))
        for day, net in zip(days, random.normal(size * 0.06, size, n), strict=True)
    )


def losing_days(n: int) -> tuple[PnlDay, ...]:
    return tuple(PnlDay(day.day, -abs(float(day.net))) for day in pnl_days(n))


def flat_days(n: int) -> tuple[PnlDay, ...]:
    return tuple(PnlDay(date(2025, 7, 1) + timedelta(i), 0) for i in range(n))


def book(days: tuple[PnlDay, ...], **changes: Any) -> PnlSpec:
    parts: dict[str, Any] = {
        "days": days,
        "title": "Net P&L",
        "subtitle": "All strategies · since 1 Jul 2025",
    }
    return PnlSpec(**(parts | changes))


def digest(n: int, *, last: bool = False, size: float = 400.0, **changes: Any) -> DigestSpec:
    days = pnl_days(n, size=size)
    parts: dict[str, Any] = {
        "title": "Net P&L Tue 4 Feb",
        "subtitle": "all strategies, with the sessions before",
        "highlight": days[-1].day if last else None,
    }
    return DigestSpec(days, **(parts | changes))


def picture(png: bytes) -> Image.Image:
    with Image.open(BytesIO(png)) as image:
        return image.convert("RGB")


def replayed(
    n: int, *, size: float = 0.01, capital: float = 100_000.0, title: str = "Replay of dip",
    theme: str = "dark",
) -> ReplaySpec:  # fmt: skip
    """`n` sessions of a strategy that falls behind buy and hold, then comes near."""
    chance = np.random.default_rng(7)
    ts = np.datetime64("2021-02-19", "us") + np.arange(n) * np.timedelta64(1, "D")
    own, hold = (capital * np.exp(np.cumsum(chance.normal(size / 20, size, n))) for _ in range(2))
    return ReplaySpec(ts, own, hold, capital, title, "19 Feb 2021 to today", theme=theme)


NAMES = ("mean_reversion", "turtle", "dip", "momentum_of_large_companies_after_earnings", "gap",
         "pairs", "opening_range", "trend", "carry", "vwap", "breakout", "overnight")  # fmt: skip


def bars_of(n: int, *, size: float = 400.0, **changes: Any) -> BarsSpec:
    rows = tuple((f"{d.day.day} {d.day:%b}", float(d.net)) for d in pnl_days(n, size=size))
    return BarsSpec(**({"rows": rows, "title": "Net P&L by day"} | changes))


def named_bars(n: int, **changes: Any) -> BarsSpec:
    rows = tuple(zip(NAMES, (float(d.net) for d in pnl_days(n)), strict=False))
    parts: dict[str, Any] = {"rows": rows, "title": "By strategy", "stand": "rows"}
    return BarsSpec(**(parts | changes))


def year_of(n: int, *, size: float = 400.0, weekends: bool = False, **changes: Any) -> CalendarSpec:
    days = pnl_days(n, size=size)
    spread = [date(2025, 1, 1) + timedelta(i) for i in range(365)]
    spread = [day for day in spread if weekends or day.weekday() < 5][:n]
    moved = tuple(PnlDay(day, d.net) for day, d in zip(spread, days, strict=True))
    parts: dict[str, Any] = {"days": moved, "title": "2025", "year": 2025,
                             "subtitle": "net P&L by day, all strategies"}  # fmt: skip
    return CalendarSpec(**(parts | changes))


def month_of(
    n: int, *, size: float = 400.0, weekends: bool = False, **changes: Any
) -> CalendarSpec:
    whole = year_of(n, size=size, weekends=weekends).days
    parts: dict[str, Any] = {"days": whole, "title": "January 2025", "month": "2025-01"}
    return CalendarSpec(**(parts | changes))


def compared(strategies: int, n: int, *, size: float = 400.0, **changes: Any) -> CompareSpec:
    lines, months = {}, {}
    for i, name in enumerate(NAMES[:strategies]):
        days = pnl_days(n, seed=i, size=size)[(5 * i) % n if n > 60 else 0 :]
        totals = np.cumsum([float(d.net) for d in days]).tolist()
        lines[name] = tuple(PnlDay(d.day, v) for d, v in zip(days, totals, strict=True))
        by: dict[str, float] = {}
        for d in days:
            key = f"{d.day:%Y-%m}"
            by[key] = by.get(key, 0.0) + float(d.net)
        months[name] = tuple(by.items())
    parts: dict[str, Any] = {"lines": lines, "months": months, "title": "Strategies",
                             "subtitle": "net P&L, 1 Jul to today"}  # fmt: skip
    return CompareSpec(**(parts | changes))


def slipped(n: int, *, size: float = 4.0, **changes: Any) -> SlippageSpec:
    random = np.random.default_rng(3)
    rows = tuple(
        Shortfall(name, *(round(float(v) * size, 2) for v in random.normal((0.6, 1, 0.8), 0.8)))
        for name in NAMES[:n]
    )
    parts: dict[str, Any] = {
        "rows": rows,
        "title": "Slippage",
        "subtitle": "last 90 days, 412 fills",
    }
    return SlippageSpec(**(parts | changes))
