"""Entries, exits and fills: triangles at their bars, and labels where nothing else stands."""

from collections.abc import Sequence
from datetime import UTC

import numpy as np

from charts.axes import GAP, ROW
from charts.dates import Times
from charts.pieces import Mark
from charts.scale import Floats, Frame
from charts.sheet import Rect, Sheet, fitted, width_of
from trading.bars import Bars

WIDE, TALL = 34, 30  # px of a triangle
OFF = 8  # px between a triangle and its candle
STEP = 26  # px between the heights at which a label is tried


def place_of(mark: Mark, ts: Times) -> int | None:
    """The bar that holds the mark: len(ts) just past the last one, None before the first."""
    moment = np.datetime64(mark.ts.astimezone(UTC).replace(tzinfo=None), "us")
    index = int(np.searchsorted(ts, moment, side="right")) - 1
    if index < 0:
        return None
    length = np.median(np.diff(ts)) if len(ts) > 1 else np.timedelta64(1, "D")
    past = index == len(ts) - 1 and moment >= ts[-1] + length
    return len(ts) if past else index


def draw_marks(
    sheet: Sheet, frame: Frame, bars: Bars, marks: Sequence[Mark], levels: Sequence[float]
) -> None:
    """Triangles for all; the latest labels first, and none where there is no free room.

    Labels keep off the lines at `levels` (prices) where they can.
    """
    placed = [(mark, i) for mark in marks if (i := place_of(mark, bars.ts)) is not None]
    tips = [_triangle(sheet, frame, bars, mark, i) for mark, i in placed]
    obstacles = np.concatenate((_candles(frame, bars), _lines(frame, levels)))
    for (mark, _), triangle in sorted(
        zip(placed, tips, strict=True), key=lambda pair: pair[0][0].ts, reverse=True
    ):
        if mark.label:
            _label(sheet, frame, mark, triangle, obstacles, tips)


def _triangle(sheet: Sheet, frame: Frame, bars: Bars, mark: Mark, i: int) -> Rect:
    """Points at the candle from outside; a short stroke shows the price itself."""
    theme, sign = sheet.theme, mark.side.sign
    price = float(mark.price)
    x, at = float(frame.x(i)), float(frame.y(price))
    outer = price
    if i < len(bars):
        ends = np.array((price, bars.open[i], bars.low[i], bars.high[i]))
        outer = float(np.nanmin(ends) if sign > 0 else np.nanmax(ends))
    tip = float(frame.y(outer)) - sign * OFF
    base = tip - sign * TALL
    colour = theme.up if sign > 0 else theme.down
    corners = np.array([[(x, tip), (x - WIDE / 2, base), (x + WIDE / 2, base)]])
    sheet.shapes(corners, colour, edge=theme.paper, width=3, z=7)
    reach = max(frame.slot * 0.75, 9)
    sheet.line((x - reach, x + reach), (at, at), theme.paper, width=7, z=6.5)
    sheet.line((x - reach, x + reach), (at, at), theme.ink, width=3, z=6.6)
    return Rect(x - WIDE / 2, min(tip, base), x + WIDE / 2, max(tip, base))


def _label(
    sheet: Sheet, frame: Frame, mark: Mark, triangle: Rect, obstacles: Floats, tips: Sequence[Rect]
) -> None:
    theme = sheet.theme
    colour = theme.up if mark.side.sign > 0 else theme.down
    text = fitted(mark.label, frame.right - frame.left - 2 * GAP)
    width = width_of(text) + 2 * GAP
    rects = _candidates(frame, triangle, mark.side.sign, width)
    free = [r for r in rects if sheet.is_free(r) and not any(r.touches(tip) for tip in tips)]
    if not free:
        return
    best = min(free, key=lambda rect: _cost(rect, triangle, obstacles))
    x = (triangle.left + triangle.right) / 2
    end = min(max(x, best.left + 8), best.right - 8)
    start, middle = (triangle.bottom + triangle.top) / 2, (best.bottom + best.top) / 2
    sheet.line((x, end), (start, middle), colour, z=6.8)
    sheet.box(best, colour)
    sheet.write(best.left + GAP, middle, text, colour=theme.on(colour))
    sheet.taken.append(best)


def _candidates(frame: Frame, triangle: Rect, sign: int, width: float) -> list[Rect]:
    x = (triangle.left + triangle.right) / 2
    rects: list[Rect] = []
    for share in (0.5, 0.15, 0.85, 0.0, 1.0):
        left = min(max(x - share * width, frame.left), frame.right - width)
        for k in range(int((frame.top - frame.bottom) / STEP)):
            for way in (-sign, sign):
                near = triangle.bottom if way < 0 else triangle.top
                middle = near + way * (10 + ROW / 2 + k * STEP)
                rect = Rect(left, middle - ROW / 2, left + width, middle + ROW / 2)
                if frame.bottom <= rect.bottom and rect.top <= frame.top:
                    rects.append(rect)
    return rects


def _cost(rect: Rect, triangle: Rect, obstacles: Floats) -> float:
    """Pixels of candles and lines covered, and the distance: to hide one is the greater evil."""
    inside = (obstacles[:, 0] < rect.right) & (obstacles[:, 1] > rect.left)
    covered = np.fmin(obstacles[:, 3], rect.top) - np.fmax(obstacles[:, 2], rect.bottom)
    hidden = float(np.nansum(np.where(inside & (covered > 0), covered, 0.0)))
    centre = (rect.bottom + rect.top - triangle.bottom - triangle.top) / 2
    aside = (rect.left + rect.right - triangle.left - triangle.right) / 2
    return hidden + abs(centre) * 0.5 + abs(aside) * 0.05


def _candles(frame: Frame, bars: Bars) -> Floats:
    """Left, right, bottom and top of every candle, shape (n, 4)."""
    x = frame.x(np.arange(len(bars)))
    half = np.full(len(bars), frame.slot / 2)
    return np.column_stack((x - half, x + half, frame.y(bars.low), frame.y(bars.high)))


def _lines(frame: Frame, levels: Sequence[float]) -> Floats:
    """Lines across the frame as if they were candles 20 px tall."""
    y = frame.y(np.asarray(levels, np.float64))
    left, right = np.full(len(y), frame.left), np.full(len(y), frame.right)
    return np.column_stack((left, right, y - 10, y + 10))
