"""Basis points lost from signal to books, stacked by step, a row for each strategy."""

from charts import axes
from charts.axes import GAP, MARGIN, ROW, Key
from charts.pnl import empty
from charts.scale import Frame, decimals_of, figure, ticks
from charts.sheet import Rect, Sheet, fitted, width_of
from charts.specs import SlippageSpec
from charts.theme import THEMES

LONGEST = 300  # px of a name
TALLEST = 120  # px of a row
NAMES = ("signal → decision", "→ fill", "fees")


def compose(spec: SlippageSpec) -> Sheet:
    """The picture, not yet saved. Costs stand right of zero, gains left of it."""
    sheet = Sheet(THEMES[spec.theme])
    theme = sheet.theme
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    if not spec.rows:
        return empty(sheet, top)
    colours = theme.overlays[:3]
    keys = [Key(name, colour, band=True) for name, colour in zip(NAMES, colours, strict=True)]
    top = axes.legend(sheet, keys, top, sheet.width - MARGIN) - GAP
    names = [fitted(row.name, LONGEST) for row in spec.rows]
    totals = [figure(row.total, 1, signed=True) for row in spec.rows]
    left = MARGIN + max(width_of(name) for name in names) + 2 * GAP
    edge = sheet.width - MARGIN
    right = edge - max(width_of(text, bold=True) for text in (*totals, "total bps")) - 2 * GAP
    low = min(0.0, *(sum(s for s in row.steps if s < 0) for row in spec.rows), 0.0)
    high = max(0.0, *(sum(s for s in row.steps if s > 0) for row in spec.rows), 0.0)
    high = high if high > low else low + 1.0
    per = (right - left) / (high - low)
    zero = left - low * per

    sheet.write(edge, top - ROW / 2, "total bps", align="right", colour=theme.muted)
    roof, floor = top - ROW - 4, MARGIN + ROW + 4.0
    high_row = min((roof - floor) / len(spec.rows), TALLEST)
    floor = roof - high_row * len(spec.rows)
    _grid(sheet, Frame(left, right, floor, roof, low, high, 1), per, zero)
    for i, row in enumerate(spec.rows):
        y = roof - (i + 0.5) * high_row
        sheet.write(MARGIN, y, names[i])
        sheet.write(edge, y, totals[i], align="right", bold=True)
        ends = {True: zero, False: zero}  # where the costs and the gains have come to
        for step, colour in zip(row.steps, colours, strict=True):
            start = ends[step > 0]
            end = ends[step > 0] = start + step * per
            thick = min(high_row * 0.38, 34)
            part = Rect(min(start, end), y - thick, max(start, end) - 2, y + thick)
            if part.right > part.left:
                sheet.box(part, colour, z=4)
                text = figure(step, 1)
                if width_of(text) + 8 <= part.right - part.left:
                    middle = (part.left + part.right) / 2
                    sheet.write(middle, y, text, align="center", colour=theme.on(colour))
    return sheet


def _grid(sheet: Sheet, frame: Frame, per: float, zero: float) -> None:
    values, step = ticks(frame.low, frame.high, 5)
    for value in values:
        x = zero + value * per
        colour = sheet.theme.zero if value == 0 else sheet.theme.grid
        sheet.line((x, x), (frame.bottom, frame.top), colour, z=2)
        text = figure(value, decimals_of(step))
        y = frame.bottom - ROW / 2 - 4
        if sheet.is_free(sheet.room_for(x, y, text, align="center")):
            sheet.write(x, y, text, align="center", colour=sheet.theme.muted)
