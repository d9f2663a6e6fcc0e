"""What the pictures of the benchmark show: one spec of every kind, full enough to be slow."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from charts import (
    BarsSpec,
    CalendarSpec,
    CandlesSpec,
    CompareSpec,
    DigestSpec,
    HeatSpec,
    Level,
    Panel,
    PnlDay,
    PnlSpec,
    ReplaySpec,
    ReportSpec,
    Shortfall,
    SlippageSpec,
    Table,
)
from trading.bars import Bars


def days(count: int, seed: int = 1) -> tuple[PnlDay, ...]:
    nets = np.random.default_rng(seed).normal(30, 400, count).tolist()
    return tuple(PnlDay(date(2025, 1, 1) + timedelta(i), net) for i, net in enumerate(nets))


def card() -> CandlesSpec:
    random = np.random.default_rng(7)
    n = 120
    ts = np.datetime64("2025-09-01", "us") + np.arange(n) * np.timedelta64(1, "D")
    close = 180 * np.exp(np.cumsum(random.normal(0, 0.015, n)))
    start = close * np.exp(random.normal(0, 0.006, n))
    high, low = np.maximum(start, close) * 1.006, np.minimum(start, close) * 0.994
    bars = Bars("AAPL", ts, start, high, low, close, random.uniform(3e7, 9e7, n))
    wave = 6 * np.sin(np.arange(n) / 11)
    return CandlesSpec(
        bars,
        title="AAPL · buy 41",
        subtitle="Mean reversion · RSI 28.4 under 30",
        overlays={"Bollinger 20, 2": np.stack((close - 8, close + wave, close + 8)),
                  "SMA 200": np.linspace(170, 180, n)},
        panels=(Panel("RSI 14", 45 + 4 * wave, (30, 50)),),
        levels=(Level("signal", float(close[-1])), Level("stop", float(close[-1]) * 0.95)),
    )  # fmt: skip


def strategies(count: int) -> CompareSpec:
    lines: dict[str, tuple[PnlDay, ...]] = {}
    months: dict[str, tuple[tuple[str, float], ...]] = {}
    for i in range(count):
        own = days(250, seed=i)
        totals = np.cumsum([float(one.net) for one in own]).tolist()
        by: dict[str, float] = {}
        for one in own:
            by[f"{one.day:%Y-%m}"] = by.get(f"{one.day:%Y-%m}", 0.0) + float(one.net)
        name = f"strategy {i + 1}"
        lines[name] = tuple(PnlDay(d.day, v) for d, v in zip(own, totals, strict=True))
        months[name] = tuple(by.items())
    return CompareSpec(lines, months, title="Strategies")


def replayed() -> ReplaySpec:
    chance, n = np.random.default_rng(7), 1_255
    ts = np.datetime64("2021-02-19", "us") + np.arange(n) * np.timedelta64(1, "D")
    own, hold = (1e5 * np.exp(np.cumsum(chance.normal(5e-4, 0.01, n))) for _ in range(2))
    return ReplaySpec(ts, own, hold, 1e5, "mean_reversion", "five years")


def searched() -> HeatSpec:
    cells = np.random.default_rng(5).normal(1, 0.4, (8, 8)).round(2).tolist()
    names = [str(5 * i) for i in range(1, 9)]
    return HeatSpec("Search", "window", names, cells, row_name="RSI", rows=names,
                    metric="Sharpe", best=(3, 4))  # fmt: skip


def report() -> ReportSpec:
    rows = [[f"strategy {i}", "41", "53.7 %", "+1,204.50", "12.30", "−310.00"] for i in range(20)]
    columns = ("strategy", "trades", "win rate", "net USD", "fees USD", "max drawdown")
    months = tuple((f"{2024 + i // 12}-{i % 12 + 1:02}", 120.0 * (i - 7)) for i in range(24))
    tiles = tuple((f"figure {i}", f"+{i},204.50") for i in range(8))
    return ReportSpec(
        "Quarterdeck",
        datetime(2026, 4, 1, tzinfo=UTC),
        "as of 31 Mar 2026 20:00 UTC",
        sentence="March made 1,204.50 USD after 92.10 of costs in 41 trades.",
        headlines=tiles,
        days=days(250),
        capital=1e5,
        months=months,
        tables=[Table(name, columns, rows) for name in ("By strategy", "Trades", "Costs")],
    )


def costs() -> SlippageSpec:
    rows = tuple(Shortfall(f"strategy {i}", 2.0 + i, 1.5, 3.0) for i in range(6))
    return SlippageSpec(rows, title="Slippage")


def columns() -> BarsSpec:
    rows = tuple((f"{d.day.day} {d.day:%b}", float(d.net)) for d in days(30))
    return BarsSpec(rows, title="Net P&L by day")


def named() -> BarsSpec:
    rows = tuple((f"strategy {i}", float(d.net)) for i, d in enumerate(days(12)))
    return BarsSpec(rows, title="By strategy", stand="rows")


#: Each picture's name and kind (as `charts.draw` calls it), and what makes its spec.
FIGURES: Mapping[str, tuple[str, Callable[[], Any]]] = {
    "signal card": ("candles", card),
    "P&L": ("pnl", lambda: PnlSpec(days(100), title="Net P&L")),
    "P&L of five years": ("pnl", lambda: PnlSpec(days(1_255), title="Net P&L")),
    "bars by day": ("bars", columns),
    "bars by name": ("bars", named),
    "calendar of a year": ("calendar", lambda: CalendarSpec(days(365), title="2025", year=2025)),
    "calendar of a month": (
        "calendar",
        lambda: CalendarSpec(days(31), title="January", month="2025-01"),
    ),
    "4 strategies": ("compare", lambda: strategies(4)),
    "12 strategies": ("compare", lambda: strategies(12)),
    "slippage": ("slippage", costs),
    "replay of five years": ("replay", replayed),
    "search, 8 x 8": ("heat", searched),
    "digest": (
        "digest",
        lambda: DigestSpec(days(20), title="Net P&L", highlight=date(2025, 1, 20)),
    ),
    "report, a page": ("report", report),
}
