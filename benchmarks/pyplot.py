"""The same figures as ours through pyplot, saved with a tight box: the alternative measured."""

from datetime import date
from io import BytesIO
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt  # noqa: TID251  # the alternative that is measured
from matplotlib.backends.backend_pdf import PdfPages

from charts import (
    BarsSpec,
    CalendarSpec,
    CandlesSpec,
    CompareSpec,
    DigestSpec,
    HeatSpec,
    PnlSpec,
    ReplaySpec,
    ReportSpec,
    SlippageSpec,
    Table,
)


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
    """Halves of a year, or one month with its figures."""
    first = spec.days[0].day.replace(day=1)
    parts = [first] if spec.month else [first, first.replace(month=7)]
    weeks = np.full((len(parts), 7, 6 if spec.month else 27), np.nan)
    for day in spec.days:
        half = int(len(parts) > 1 and day.day >= parts[-1])
        week = (day.day - parts[half]).days + parts[half].weekday()
        weeks[half, day.day.weekday(), week // 7] = float(day.net)
    most = float(np.nanmax(np.abs(weeks)))
    figure, panels = plt.subplots(len(parts), 1, figsize=(12, 10), squeeze=False)
    for axes, part in zip(panels.flat, weeks, strict=True):
        mesh = axes.pcolormesh(part, cmap="PuOr", vmin=-most, vmax=most, edgecolors="white")
        axes.set_yticks(np.arange(7) + 0.5, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
        if spec.month:
            for row, column in np.argwhere(~np.isnan(part)):
                axes.text(column + 0.5, row + 0.5, f"{part[row, column]:+,.0f}", ha="center")
        else:
            axes.set_xticks(np.arange(0, 27, 4.4), ("J", "F", "M", "A", "M", "J", "J"))
        axes.invert_yaxis()
    figure.colorbar(mesh, ax=panels, orientation="horizontal")
    figure.suptitle(spec.title)
    return _saved()


def compare(spec: CompareSpec) -> bytes:
    _, (upper, lower) = plt.subplots(2, 1, figsize=(12, 10))
    styles = cycle(("-", "--", ":", "-."))
    for (name, days), style in zip(spec.lines.items(), styles, strict=False):
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


def bars(spec: BarsSpec) -> bytes:
    """By time from left to right, or by name from top to bottom with every figure."""
    _, axes = plt.subplots(figsize=(12, 10))
    net, place = np.array([float(net) for _, net in spec.rows]), np.arange(len(spec.rows))
    names = [name for name, _ in spec.rows]
    colours = np.where(net > 0, "tab:blue", "tab:orange").tolist()
    if spec.stand == "rows":
        axes.hlines(place, 0, net, colors=colours, linewidths=20)
        for at, value in enumerate(net.tolist()):
            axes.text(value, at, f"{value:+,.2f}")
        axes.set_yticks(place, names)
        axes.invert_yaxis()
    else:
        axes.vlines(place, 0, net, colors=colours, linewidths=14)
        axes.set_xticks(place[::4], names[::4])
        axes.grid(visible=True, axis="y")
    axes.set_title(f"{spec.title}\ntotal {net.sum():+,.2f}, mean {net.mean():+,.2f}")
    axes.set_ylabel(spec.currency)
    return _saved()


def digest(spec: DigestSpec) -> bytes:
    _, (upper, lower) = plt.subplots(2, 1, figsize=(12, 10), sharex=True)
    net, place = np.array([float(day.net) for day in spec.days]), np.arange(len(spec.days))
    upper.vlines(place, 0, net, colors=np.where(net > 0, "tab:blue", "tab:orange"), linewidths=20)
    total = np.cumsum(net)
    lower.plot(place, total)
    lower.fill_between(place, total, alpha=0.3)
    lower.set_xticks(place[::4], [f"{day.day:%d %b}" for day in spec.days][::4])
    for axes, name in ((upper, "Net by session"), (lower, "Cumulative net P&L")):
        axes.set_title(name)
        axes.set_ylabel(spec.currency)
        axes.grid(visible=True)
    return _saved()


def replay(spec: ReplaySpec) -> bytes:
    _, (upper, lower) = plt.subplots(2, 1, figsize=(12, 10), sharex=True)
    for name, values, style in (("strategy", spec.equity, "-"), ("buy and hold", spec.hold, "--")):
        fall = values / np.maximum.accumulate(values) - 1
        upper.plot(spec.ts, values, style, label=name)
        lower.plot(spec.ts, fall * 100, style)
    lower.fill_between(spec.ts, fall * 100, alpha=0.3)
    upper.legend()
    upper.set_title(spec.title)
    for axes, name in ((upper, spec.currency), (lower, "Drawdown, %")):
        axes.set_ylabel(name)
        axes.grid(visible=True)
    return _saved()


def heat(spec: HeatSpec) -> bytes:
    figure, axes = plt.subplots(figsize=(12, 10))
    cells = np.array(spec.cells, np.float64)
    mesh = axes.pcolormesh(cells, cmap="cividis", edgecolors="white")
    for row, column in np.ndindex(cells.shape):
        text = f"{cells[row, column]:.{spec.decimals}f}"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center")
    axes.set_xticks(np.arange(len(spec.columns)) + 0.5, spec.columns)
    axes.set_yticks(np.arange(len(spec.rows)) + 0.5, spec.rows)
    axes.set_xlabel(spec.column_name)
    axes.set_ylabel(spec.row_name)
    axes.set_title(spec.title)
    figure.colorbar(mesh, orientation="horizontal", label=spec.metric)
    return _saved()


def report(spec: ReportSpec) -> bytes:
    """A page of charts and months, and the tables on as many pages as ours have; its fonts
    embedded as ours are."""
    file = BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(file) as book:
        figure, (equity, fall, months) = plt.subplots(3, 1, figsize=(8.27, 11.69))
        figure.suptitle(f"{spec.title} {spec.subtitle}")
        for place, (name, value) in enumerate(spec.headlines):
            figure.text(0.1 + place % 4 * 0.22, 0.95 - place // 4 * 0.03, f"{name}\n{value}")
        days, total = _course(spec.days)
        equity.plot(days, total + spec.capital)
        equity.set_title("Equity")
        fall.fill_between(days, total - np.maximum.accumulate(np.maximum(total, 0)), alpha=0.5)
        fall.set_title("Drawdown")
        for axes in (equity, fall):
            axes.set_ylabel(spec.currency)
            axes.grid(visible=True)
        years = sorted({month[:4] for month, _ in spec.months})
        nets = {month: float(net) for month, net in spec.months}
        of = [[f"{nets.get(f'{y}-{m:02}', 0):+,.0f}" for m in range(1, 13)] for y in years]
        rows = [[year, *row] for year, row in zip(years, of, strict=True)]
        _written(months, ["", *map(str, range(1, 13))], rows)
        book.savefig(figure, bbox_inches="tight")
        plt.close(figure)
        for two in (spec.tables[:2], spec.tables[2:]):
            figure, places = plt.subplots(len(two), 1, figsize=(8.27, 11.69), squeeze=False)
            for axes, one in zip(places.flat, two, strict=True):
                _table(axes, one)
            book.savefig(figure, bbox_inches="tight")
            plt.close(figure)
    return file.getvalue()


def _course(days: Any) -> tuple[list[date], Any]:
    return [day.day for day in days], np.cumsum([float(day.net) for day in days])


def _table(axes: Any, one: Table) -> None:
    axes.set_title(one.title)
    _written(axes, one.columns, one.rows)


def _written(axes: Any, columns: Any, rows: Any) -> None:
    """Texts where a table's cells are: half the time of `Axes.table`."""
    axes.axis("off")
    lines = [columns, *rows]
    for down, line in enumerate(lines):
        for across, text in enumerate(line):
            axes.text(across / len(columns), 1 - (down + 1) / (len(lines) + 1), text, fontsize=8)


def _saved() -> bytes:
    file = BytesIO()
    plt.savefig(file, format="png", dpi=100, bbox_inches="tight")
    plt.close()
    return file.getvalue()
