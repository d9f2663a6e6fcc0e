"""Candle bodies and volume bars, on whole pixels so that they stay crisp when scaled down."""

import numpy as np

from charts.axes import GAP
from charts.scale import Floats, Frame, money
from charts.sheet import Sheet, boxes
from trading.bars import Bars

EDGE = 2  # px of a hollow body's outline


def draw_bodies(sheet: Sheet, frame: Frame, bars: Bars) -> None:
    """Rising bodies hollow, falling filled; a bar with only its open is a short stroke there."""
    theme = sheet.theme
    left, right = _sides(frame, len(bars))
    close = np.where(np.isfinite(bars.close), bars.close, bars.open)
    top, bottom = np.fmax(bars.open, close), np.fmin(bars.open, close)
    high, low = np.fmax(bars.high, top), np.fmin(bars.low, bottom)
    body_top, body_bottom = np.round(frame.y(top)), np.round(frame.y(bottom))
    thin = np.maximum(0, 3 - (body_top - body_bottom))  # a doji is a line of 3 px
    body_top, body_bottom = body_top + np.floor(thin / 2), body_bottom - np.ceil(thin / 2)
    wick = 2 + (right[0] - left[0]) % 2
    wick_left = left + (right[0] - left[0] - wick) / 2

    known = np.isfinite(body_top)
    rising = known & (close >= bars.open)
    for which, colour in ((rising, theme.up), (known & ~rising, theme.down)):
        wicks = boxes(wick_left, np.round(frame.y(low)), wick_left + wick, np.round(frame.y(high)))
        sheet.shapes(wicks[which], colour, z=4)
        sheet.shapes(boxes(left, body_bottom, right, body_top)[which], colour, z=4.1)
    hollow = rising & (body_top - body_bottom > 2 * EDGE) & (right - left > 2 * EDGE)
    inner = boxes(left + EDGE, body_bottom + EDGE, right - EDGE, body_top - EDGE)
    sheet.shapes(inner[hollow], theme.paper, z=4.2)


def draw_volume(sheet: Sheet, frame: Frame, bars: Bars) -> None:
    """Bars from the panel's floor, the last one's figure at the right."""
    theme = sheet.theme
    known = np.isfinite(bars.volume)
    tallest = float(bars.volume[known].max()) if known.any() else 0.0
    if tallest <= 0:
        return
    left, right = _sides(frame, len(bars))
    top = frame.bottom + np.ceil(bars.volume / tallest * (frame.top - frame.bottom))
    shapes: Floats = boxes(left, frame.bottom, right, top)
    rising = bars.close >= bars.open
    sheet.shapes(shapes[known & rising], theme.wash(theme.up, 0.55))
    sheet.shapes(shapes[known & ~rising], theme.wash(theme.down, 0.55))
    y = (frame.bottom + frame.top) / 2
    last = float(bars.volume[known][-1])
    text = money(last, over=1e3)
    if sheet.is_free(sheet.room_for(frame.right + GAP, y, text)):
        sheet.write(frame.right + GAP, y, text, colour=theme.muted)


def _sides(frame: Frame, n: int) -> tuple[Floats, Floats]:
    gap = max(1, int(frame.slot * 0.28))
    left: Floats = frame.left + np.arange(n, dtype=np.float64) * frame.slot + gap // 2
    return left, left + frame.slot - gap
