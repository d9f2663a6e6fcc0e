"""How long a picture takes: ours against the same figure through pyplot, saved tight.

Both draw the same candles, bands, levels and RSI (and the same P&L panels, days of a year,
strategies and costs) at 1200 x 1000,
interleaved, warm. The alternative draws bodies and bars as collections too, which is its best
case: with `Axes.bar` it takes a third to a half longer. Run as `python -m benchmarks.charts`.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from statistics import median

import matplotlib as mpl
import numpy as np

from benchmarks import pyplot
from benchmarks.line import Line
from charts import (
    CalendarSpec,
    CandlesSpec,
    CompareSpec,
    Level,
    Panel,
    PnlDay,
    PnlSpec,
    Shortfall,
    SlippageSpec,
    warm,
)
from charts.calendar import compose as compose_calendar
from charts.candles import compose as compose_candles
from charts.compare import compose as compose_compare
from charts.pnl import compose as compose_pnl
from charts.slippage import compose as compose_slippage
from trading.bars import Bars

ROUNDS = 9
ALTERNATIVE = 'pyplot, bbox_inches="tight"'


def _card() -> CandlesSpec:
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


def _book() -> PnlSpec:
    nets = np.random.default_rng(1).normal(30, 400, 100).tolist()
    days = (PnlDay(date(2025, 7, 1) + timedelta(i), net) for i, net in enumerate(nets))
    return PnlSpec(tuple(days), title="Net P&L")


def _year() -> CalendarSpec:
    nets = np.random.default_rng(2).normal(30, 400, 365).tolist()
    days = tuple(PnlDay(date(2025, 1, 1) + timedelta(i), net) for i, net in enumerate(nets))
    return CalendarSpec(days, title="2025", year=2025)


def _strategies(n: int = 4) -> CompareSpec:
    lines: dict[str, tuple[PnlDay, ...]] = {}
    months: dict[str, tuple[tuple[str, float], ...]] = {}
    for name in (f"strategy {i + 1}" for i in range(n)):
        nets = np.random.default_rng(len(lines)).normal(30, 400, 150)
        days = [date(2025, 7, 1) + timedelta(i) for i in range(len(nets))]
        lines[name] = tuple(map(PnlDay, days, np.cumsum(nets).tolist()))
        keys = sorted({f"{day:%Y-%m}" for day in days})
        months[name] = tuple((key, float(sum(nets[i] for i, day in enumerate(days)
                              if f"{day:%Y-%m}" == key))) for key in keys)  # fmt: skip
    return CompareSpec(lines, months, title="Strategies")


def _costs() -> SlippageSpec:
    rows = tuple(Shortfall(f"strategy {i}", 2.0 + i, 1.5, 3.0) for i in range(6))
    return SlippageSpec(rows, title="Slippage")


def _ms(draw: Callable[[], bytes]) -> float:
    start = time.perf_counter()
    draw()
    return (time.perf_counter() - start) * 1e3


def run() -> list[Line]:
    """Medians of nine pictures each, the two ways taking turns."""
    mpl.use("agg")
    card, book, year, four, costs = _card(), _book(), _year(), _strategies(), _costs()
    warm()
    pairs: tuple[tuple[str, Callable[[], bytes], Callable[[], bytes]], ...] = (
        ("candle chart", lambda: compose_candles(card).png(), lambda: pyplot.candles(card)),
        ("calendar of a year", lambda: compose_calendar(year).png(), lambda: pyplot.calendar(year)),
        ("four strategies", lambda: compose_compare(four).png(), lambda: pyplot.compare(four)),
        ("slippage", lambda: compose_slippage(costs).png(), lambda: pyplot.slippage(costs)),
        ("P&L chart", lambda: compose_pnl(book).png(), lambda: pyplot.pnl(book)),
    )
    lines = []
    for name, ours, theirs in pairs:
        first = _ms(ours)
        theirs()
        rounds = [(_ms(ours), _ms(theirs)) for _ in range(ROUNDS)]
        mine, other = (median(times) for times in zip(*rounds, strict=True))
        lines.append(Line(f"{name}, warm", mine, ALTERNATIVE, other, other / mine))
        print(f"{name}: first after warm() {first:.0f} ms, {len(ours()) / 1000:.0f} KB")
    return lines


if __name__ == "__main__":
    for line in run():
        print(line)
