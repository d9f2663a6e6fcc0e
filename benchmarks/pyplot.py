"""The same figures as ours through pyplot, saved with a tight box: the alternative measured."""

from datetime import date
from io import BytesIO

import numpy as np
from matplotlib import pyplot as plt  # noqa: TID251  # the alternative that is measured

from charts import CalendarSpec, CandlesSpec, CompareSpec, PnlSpec, SlippageSpec


def candles(spec: CandlesSpec) -> bytes:
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


def pnl(spec: PnlSpec) -> bytes:
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


def calendar(spec: CalendarSpec) -> bytes:
    first = date(int(spec.year or 0), 1, 1)
    weeks = np.full((2, 7, 27), np.nan)
    for day in spec.days:
        half = int(day.day.month > 6)
        start = first if not half else date(first.year, 7, 1)
        week = (day.day - start).days + start.weekday()
        weeks[half, day.day.weekday(), week // 7] = float(day.net)
    most = float(np.nanmax(np.abs(weeks)))
    figure, halves = plt.subplots(2, 1, figsize=(12, 10))
    for axes, part in zip(halves, weeks, strict=True):
        mesh = axes.pcolormesh(part, cmap="PuOr", vmin=-most, vmax=most, edgecolors="white")
        axes.set_yticks(np.arange(7) + 0.5, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
        axes.set_xticks(np.arange(0, 27, 4.4), ("J", "F", "M", "A", "M", "J", "J"))
        axes.invert_yaxis()
    figure.colorbar(mesh, ax=halves, orientation="horizontal")
    figure.suptitle(spec.title)
    return _saved()


def compare(spec: CompareSpec) -> bytes:
    _, (upper, lower) = plt.subplots(2, 1, figsize=(12, 10))
    for (name, days), style in zip(spec.lines.items(), ("-", "--", ":", "-."), strict=True):
        upper.plot([d.day for d in days], [float(d.net) for d in days], style, label=name)
    upper.legend()
    upper.grid(visible=True)
    upper.set_title(spec.title)
    upper.set_ylabel(spec.currency)
    nets = np.array([[float(net) for _, net in months] for months in spec.months.values()])
    lower.pcolormesh(nets, cmap="PuOr", edgecolors="white")
    for row, column in np.ndindex(nets.shape):
        text = f"{nets[row, column]:+,.0f}"
        lower.text(column + 0.5, row + 0.5, text, ha="center", va="center")
    names = [month for month, _ in next(iter(spec.months.values()))]
    lower.set_xticks(np.arange(len(names)) + 0.5, names)
    lower.set_yticks(np.arange(len(nets)) + 0.5, list(spec.months))
    return _saved()


def slippage(spec: SlippageSpec) -> bytes:
    _, axes = plt.subplots(figsize=(12, 10))
    names, left = [row.name for row in spec.rows], np.zeros(len(spec.rows))
    for i, step in enumerate(("decision", "fill", "fees")):
        wide = np.array([row.steps[i] for row in spec.rows])
        axes.bar_label(axes.barh(names, wide, left=left, label=step), label_type="center")
        left += wide
    axes.legend()
    axes.grid(visible=True, axis="x")
    axes.set_title(spec.title)
    axes.set_xlabel("bps")
    return _saved()


def _saved() -> bytes:
    file = BytesIO()
    plt.savefig(file, format="png", dpi=100, bbox_inches="tight")
    plt.close()
    return file.getvalue()
