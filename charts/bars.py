"""Net P&L by day, week or month from left to right, or by name from top to bottom."""

from dataclasses import replace

import numpy as np

from charts import axes
from charts.axes import GAP, MARGIN, ROW
from charts.heat import every
from charts.pnl import (
    TITLE_ROW,
    WIDEST,
    empty,
    extent,
    figures_of,
    total_tag,
    zero_line,
)
from charts.scale import Floats, Frame, money, short
from charts.sheet import Rect, Sheet, boxes, fitted, width_of
from charts.specs import BarsSpec
from charts.theme import LABEL, THEMES

AIR = 0.14  # of the bars' range beyond them: room for a figure
LONGEST = 330  # px of a name
TALLEST = 110  # px of a row


def compose(spec: BarsSpec) -> Sheet:
    """The picture, not yet saved."""
    sheet = Sheet(THEMES[spec.theme])
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    if not spec.rows:
        return empty(sheet, top)
    net = np.array([float(value) for _, value in spec.rows])
    (_columns if spec.stand == "columns" else _rows)(sheet, spec, net, top)
    return sheet


def _columns(sheet: Sheet, spec: BarsSpec, net: Floats, top: float) -> None:
    bottom = MARGIN + ROW + 8.0
    frame = Frame(MARGIN, 0, bottom, top - TITLE_ROW, *extent(net, AIR), 1)
    figures = [spec.currency, *figures_of(frame)[1]]
    right = sheet.width - max(width_of(text) for text in figures) - 2 * GAP - MARGIN / 2
    frame = replace(frame, right=right, slot=(right - MARGIN) / len(net))
    _total(sheet, spec, frame, net)

    zero = zero_line(sheet, frame)
    middle = frame.x(np.arange(len(net)))
    half = min(max(frame.slot * 0.36, 3), WIDEST / 2)
    corners = boxes(np.round(middle - half), zero, np.round(middle + half), frame.y(net))
    sheet.shapes(corners[net > 0], sheet.theme.up)
    sheet.shapes(corners[net < 0], sheet.theme.down)
    for i in _told(net, frame.slot):
        over_bar(sheet, frame, float(middle[i]), float(net[i]))
    axes.value_axis(sheet, frame, *figures_of(frame))

    names = [fitted(label, 260) for label, _ in spec.rows]
    moved = max(0.0, (width_of(names[0]) - frame.slot) / 2)  # the first, to keep it whole
    for i in every([width_of(name) + 20 + moved for name in names], frame.slot):
        reach = width_of(names[i]) / 2
        x = min(max(float(middle[i]), MARGIN + reach), sheet.width - MARGIN - reach)
        y = bottom - ROW / 2 - 4
        sheet.write(x, y, names[i], align="center", colour=sheet.theme.muted)


def _told(net: Floats, slot: float) -> list[int]:
    """Which bars carry their figure: all where they fit, else the best and the worst."""
    if max(width_of(short(value)) for value in net.tolist()) + 10 <= slot:
        return list(range(len(net)))
    return sorted({int(np.argmax(net)), int(np.argmin(net))})


def over_bar(sheet: Sheet, frame: Frame, x: float, value: float) -> None:
    """A figure beyond the end of its bar, inside the frame, where no other text is."""
    text = short(value)
    half = width_of(text) / 2
    x = min(max(x, frame.left + half), frame.right - half)
    y = float(frame.y(value)) + (LABEL * 0.8 if value >= 0 else -LABEL * 0.8)
    if sheet.is_free(sheet.room_for(x, y, text, align="center")):
        sheet.write(x, y, text, align="center")


def _rows(sheet: Sheet, spec: BarsSpec, net: Floats, top: float) -> None:
    theme = sheet.theme
    names = [fitted(label, LONGEST) for label, _ in spec.rows]
    texts = [money(value, signed=True) for value in net.tolist()]
    left = MARGIN + max(width_of(name) for name in names) + 2 * GAP
    right = sheet.width - MARGIN
    low, high = extent(net, 0.0)
    room = max(width_of(text) for text in texts) + 2 * GAP  # beyond either end
    width = right - left - room * ((low < 0) + (high > 0))
    zero = left + (room if low < 0 else 0) + width * -low / (high - low)
    roof = top - TITLE_ROW
    high_row = min((roof - MARGIN) / len(net), TALLEST)
    _total(sheet, spec, Frame(MARGIN, right, MARGIN, roof, low, high, 1), net)
    for i, value in enumerate(net.tolist()):
        y = roof - (i + 0.5) * high_row
        end = zero + value / (high - low) * width
        thick = min(high_row * 0.36, 26)
        bar = Rect(min(zero, end), y - thick, max(zero, end), y + thick)
        sheet.box(bar, theme.up if value > 0 else theme.down, z=3)
        sheet.write(MARGIN, y, names[i])
        if value >= 0:
            sheet.write(end + GAP, y, texts[i], colour=theme.up if value else theme.muted)
        else:
            sheet.write(end - GAP, y, texts[i], align="right", colour=theme.down)
    floor = roof - len(net) * high_row
    sheet.line((zero, zero), (floor, roof), theme.zero, z=2)


def _total(sheet: Sheet, spec: BarsSpec, frame: Frame, net: Floats) -> None:
    """The sum and the mean over the panel, the currency over the figures."""
    theme = sheet.theme
    total, mean = float(net.sum()), float(net.mean())
    y = frame.top + TITLE_ROW - ROW / 2
    text = f"total {money(total, signed=True)}"
    sheet.write(MARGIN, y, text, colour=total_tag(total, theme).colour, bold=True)
    after = MARGIN + width_of(text, bold=True) + 40
    sheet.write(after, y, f"mean {money(mean, signed=True)}", colour=theme.muted)
    edge = sheet.width - MARGIN / 2 - GAP
    sheet.write(edge, y, spec.currency, align="right", colour=theme.muted)
