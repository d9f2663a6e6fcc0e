"""How long a picture takes: ours against the same figure through pyplot, saved tight.

Both draw the same candles, bands, levels and RSI (and the same P&L panels) at 1200 x 1000,
interleaved, warm. The alternative draws bodies and bars as collections too, which is its best
case: with `Axes.bar` it takes a third to a half longer. Run as `python -m benchmarks.charts`.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from statistics import median

import matplotlib as mpl
import numpy as np

from benchmarks.line import Line
from charts import CandlesSpec, Level, Panel, PnlDay, PnlSpec, warm
from charts.candles import compose as compose_candles
from charts.pnl import compose as compose_pnl
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


def _candles_by_pyplot(spec: CandlesSpec) -> bytes:
    from matplotlib import pyplot as plt  # noqa: TID251  # the alternative that is measured

    bars, x = spec.bars, np.arange(len(spec.bars))
    _, (price, lower) = plt.subplots(2, 1, figsize=(12, 10), height_ratios=(3, 1), sharex=True)
    colours = np.where(bars.close >= bars.open, "tab:blue", "tab:orange")
    price.vlines(x, bars.low, bars.high, colors=colours)
    price.vlines(x, bars.open, bars.close, colors=colours, linewidths=5)
    for name, values in spec.overlays.items():
        if values.ndim > 1:
            price.fill_between(x, values[0], values[-1], alpha=0.2, label=name)
            price.plot(x, values.T, linewidth=1)
        else:
            price.plot(x, values, label=name)
    for level in spec.levels:
        price.axhline(float(level.price), linestyle="--")
        price.annotate(f"{level.name} {level.price:.2f}", (len(x), float(level.price)))
    for panel in spec.panels:
        lower.plot(x, panel.values)
        lower.set_ylabel(panel.name)
        for line in panel.lines:
            lower.axhline(line, linestyle="--")
    months = np.flatnonzero(np.diff(bars.ts.astype("datetime64[M]").astype(int))) + 1
    lower.set_xticks(months, [str(bars.ts[i])[:7] for i in months])
    price.set_ylabel(spec.currency)
    price.set_title(spec.title)
    price.legend()
    for axes in (price, lower):
        axes.grid(visible=True)
    return _saved()


def _pnl_by_pyplot(spec: PnlSpec) -> bytes:
    from matplotlib import pyplot as plt  # noqa: TID251  # the alternative that is measured

    days = np.arange(len(spec.days))
    net = np.array([float(day.net) for day in spec.days])
    total = np.cumsum(net)
    fall = total - np.maximum.accumulate(np.maximum(total, 0))
    figure, (upper, middle, lower) = plt.subplots(3, 1, figsize=(12, 10), sharex=True)
    upper.plot(days, total)
    upper.fill_between(days, total, alpha=0.3)
    middle.vlines(days, 0, net, colors=np.where(net > 0, "tab:blue", "tab:orange"), linewidths=6)
    lower.fill_between(days, fall, alpha=0.5)
    months = [i for i in days[1:] if spec.days[i].day.month != spec.days[i - 1].day.month]
    lower.set_xticks(months, [f"{spec.days[i].day:%b %Y}" for i in months])
    names = ("Cumulative net P&L", "Net by day", "Drawdown")
    for axes, name in zip((upper, middle, lower), names, strict=True):
        axes.set_title(name)
        axes.set_ylabel(spec.currency)
        axes.grid(visible=True)
    figure.suptitle(spec.title)
    return _saved()


def _saved() -> bytes:
    from matplotlib import pyplot as plt  # noqa: TID251  # the alternative that is measured

    file = BytesIO()
    plt.savefig(file, format="png", dpi=100, bbox_inches="tight")
    plt.close()
    return file.getvalue()


def _ms(draw: Callable[[], bytes]) -> float:
    start = time.perf_counter()
    draw()
    return (time.perf_counter() - start) * 1e3


def run() -> list[Line]:
    """Medians of nine pictures each, the two ways taking turns."""
    mpl.use("agg")
    card, book = _card(), _book()
    warm()
    pairs: tuple[tuple[str, Callable[[], bytes], Callable[[], bytes]], ...] = (
        ("candle chart", lambda: compose_candles(card).png(), lambda: _candles_by_pyplot(card)),
        ("P&L chart", lambda: compose_pnl(book).png(), lambda: _pnl_by_pyplot(book)),
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
