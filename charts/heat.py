"""A heat map of two parameters, or bars of one: a colour that blind eyes order too."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from charts import axes
from charts.axes import GAP, MARGIN, ROW
from charts.scale import Frame, figure
from charts.sheet import Rect, Sheet, boxes, fitted, width_of
from charts.specs import HeatSpec
from charts.theme import LABEL, THEMES

SHADES = 64  # of cividis (Nuñez, Anderton and Renslow 2018), made for colour-blind eyes
BAND = 30  # px of the scale under the map
LEAST_HEIGHT = 44  # px of a cell that holds its figure
AIR = 14  # px between a figure and its cell's edges


def compose(spec: HeatSpec) -> Sheet:
    """The picture, not yet saved."""
    sheet = Sheet(THEMES[spec.theme])
    top = axes.header(sheet, spec.title, spec.subtitle) - 8
    (_map if spec.rows else _bars)(sheet, spec, top)
    return sheet


def _map(sheet: Sheet, spec: HeatSpec, top: float) -> None:
    theme = sheet.theme
    values = np.array([[np.nan if v is None else v for v in row] for row in spec.cells])
    bottom = _scale(sheet, spec, values)
    sheet.write(MARGIN, top - ROW / 2, fitted(spec.row_name, 1000, LABEL, True), bold=True)
    top -= ROW + 6
    names = [fitted(name, 220) for name in spec.rows]
    left = MARGIN + max(width_of(name) for name in names) + GAP + 6
    right = sheet.width - MARGIN
    wide, high = (right - left) / len(spec.columns), (top - bottom) / len(spec.rows)
    gap = 3 if min(wide, high) > 24 else 1
    figures = [[_written(spec, v) for v in row] for row in spec.cells]
    room = max(width_of(text) for row in figures for text in row) + AIR
    cells: list[tuple[Rect, str]] = []
    for r, row in enumerate(figures):
        # the first row stands lowest, as on any axis
        y = bottom + r * high
        for c, text in enumerate(row):
            x = left + c * wide
            fill = theme.grid if np.isnan(values[r, c]) else _shade(_share(values, values[r, c]))
            cells.append((Rect(x, y, x + wide - gap, y + high - gap), fill))
            if room <= wide - gap and high >= LEAST_HEIGHT:
                ink = theme.on(fill)
                sheet.write(x + (wide - gap) / 2, y + high / 2, text, align="center", colour=ink)
    sheet.tiles(cells)
    if spec.best is not None:
        r, c = spec.best
        framed(sheet, left + c * wide, bottom + r * high, wide - gap, high - gap)
    for r in every([LABEL * 1.2] * len(names), high):
        y = bottom + (r + 0.5) * high
        sheet.write(left - GAP - 6, y, names[r], align="right", colour=theme.muted)
    _columns(sheet, spec, left, wide, bottom)


def _columns(sheet: Sheet, spec: HeatSpec, left: float, wide: float, bottom: float) -> None:
    names = [fitted(name, 220) for name in spec.columns]
    y = bottom - ROW / 2 - 2
    for c in every([width_of(name) + 20 for name in names], wide):
        half = width_of(names[c]) / 2
        x = min(max(left + (c + 0.5) * wide, MARGIN + half), sheet.width - MARGIN - half)
        sheet.write(x, y, names[c], align="center", colour=sheet.theme.muted)
    sheet.write(
        sheet.width - MARGIN,
        y - ROW,
        fitted(spec.column_name, 540, LABEL, True),
        align="right",
        bold=True,
    )


def _scale(sheet: Sheet, spec: HeatSpec, values: np.ndarray) -> float:
    """The metric's colours with its lowest and highest figure, and what the frame means; returns
    the height where the map begins."""
    theme = sheet.theme
    y = MARGIN + ROW / 2
    x = float(MARGIN)
    known = values[~np.isnan(values)]
    if len(known):
        low, high = (_written(spec, float(v)) for v in (known.min(), known.max()))
        sheet.write(x, y, low)
        x += width_of(low) + GAP
        step = 260 / SHADES
        for shade in range(SHADES):
            edge = x + shade * step
            part = Rect(edge, y - BAND / 2, edge + step + 1, y + BAND / 2)
            sheet.box(part, _shade(shade / (SHADES - 1)), z=2)
        x += 260 + GAP
        sheet.write(x, y, high)
        x += width_of(high) + 2 * GAP
    if spec.best is not None:
        name = fitted(spec.best_name, 330)
        at = sheet.width - MARGIN - width_of(name)
        sheet.write(at, y, name, colour=theme.ink)
        at -= GAP + 40
        sheet.box(Rect(at, y - 18, at + 40, y + 18), _shade(1.0), z=2)
        framed(sheet, at, y - 18, 40, 36)
    if spec.metric:
        sheet.write(MARGIN, y + ROW, fitted(spec.metric, 560), colour=theme.muted)
    return y + 2 * ROW + ROW / 2 + 8


def framed(sheet: Sheet, x: float, y: float, wide: float, high: float) -> None:
    """A border of ink with paper inside it: seen on every shade."""
    corners = boxes([x], [y], [x + wide], [y + high])
    sheet.shapes(corners, "none", edge=sheet.theme.paper, width=13, z=11)
    sheet.shapes(corners, "none", edge=sheet.theme.ink, width=6, z=12)


def _bars(sheet: Sheet, spec: HeatSpec, top: float) -> None:
    theme = sheet.theme
    values = np.array([np.nan if v is None else v for v in spec.cells[0]])
    known = values[~np.isnan(values)]
    low = min(0.0, float(known.min())) if len(known) else 0.0
    high = max(0.0, float(known.max())) if len(known) else 1.0
    air = 0.12 * (high - low or 1.0)
    bottom = MARGIN + 2 * ROW + 4.0
    sheet.write(MARGIN, top - ROW / 2, fitted(spec.metric, 900), colour=theme.muted)
    frame = Frame(
        MARGIN,
        sheet.width - MARGIN,
        bottom,
        top - ROW,
        low - (air if low < 0 else 0),
        high + air,
        (sheet.width - 2 * MARGIN) / len(values),
    )
    zero = float(frame.y(0.0))
    figures = [_written(spec, v) for v in spec.cells[0]]
    fits = max(width_of(text) for text in figures) + AIR <= frame.slot
    sheet.line((frame.left, frame.right), (zero, zero), theme.zero, z=2)
    for c, value in enumerate(values.tolist()):
        if np.isnan(value):
            continue
        x, y = float(frame.x(c)), float(frame.y(value))
        half = min(frame.slot * 0.38, 70.0)
        fill = theme.up if value >= 0 else theme.down
        sheet.box(Rect(x - half, min(zero, y), x + half, max(zero, y)), fill, z=3)
        best = spec.best is not None and spec.best[1] == c
        if best:
            framed(sheet, x - half, min(zero, y), 2 * half, abs(y - zero))
        if fits or best:
            at = y + (ROW / 2 if value >= 0 else -ROW / 2)
            wide = width_of(figures[c], bold=best) / 2
            x = min(max(x, MARGIN + wide), sheet.width - MARGIN - wide)
            sheet.write(x, at, figures[c], align="center", bold=best)
    _columns(sheet, spec, frame.left, frame.slot, bottom)
    if spec.best is not None:
        sheet.write(MARGIN, bottom - 2 - 1.5 * ROW, f"Framed: {fitted(spec.best_name, 420)}")


def _written(spec: HeatSpec, value: float | None) -> str:
    return "–" if value is None else figure(value, spec.decimals) + spec.unit


def _share(values: np.ndarray, value: float) -> float:
    """Where a value lies between the lowest and the highest: 0 to 1."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return 1.0 if high == low else (value - low) / (high - low)


@lru_cache(maxsize=SHADES)
def _shade_of(place: int) -> str:
    return to_hex(colormaps["cividis"](place / (SHADES - 1)))


def _shade(share: float) -> str:
    return _shade_of(round(share * (SHADES - 1)))


def every(sizes: Sequence[float], slot: float) -> range:
    """Every how manieth name there is room for, from the first."""
    return range(0, len(sizes), max(1, int(np.ceil(max(sizes) / slot))))
