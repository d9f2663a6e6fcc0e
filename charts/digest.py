"""A digest's picture: each day's net, the one it tells of standing out, over cumulative net."""

from dataclasses import replace

import numpy as np

from charts import axes
from charts.axes import DATES, GAP, MARGIN
from charts.bars import over_bar
from charts.pnl import (
    BETWEEN,
    TITLE_ROW,
    WIDEST,
    Course,
    course_of,
    cumulative,
    empty,
    extent,
    figures_of,
    panel_title,
    total_tag,
    zero_line,
)
from charts.scale import Floats, Frame, money
from charts.sheet import Sheet, boxes, width_of
from charts.specs import DigestSpec
from charts.theme import THEMES

SHARES = (0.5, 0.5)  # of the height: bars, cumulative
AIR = 0.26  # of the bars' range beyond them: room for a figure
FEW = 7  # days that each carry their figure
PALE = 0.5  # of a bar's colour, where another bar stands out


def compose(spec: DigestSpec) -> Sheet:
    """The picture, not yet saved."""
    sheet = Sheet(THEMES[spec.theme])
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    if not spec.days:
        return empty(sheet, top)
    course = course_of(spec.days)
    tag = total_tag(float(course.total[-1]), sheet.theme)
    room = top - DATES - 2 * TITLE_ROW - BETWEEN
    air = AIR if spec.highlight is None else 0.1
    ranges = (extent(course.net, air), extent(course.total))
    frames: list[Frame] = []
    for share, (low, high) in zip(SHARES, ranges, strict=True):
        roof = top - TITLE_ROW
        top = roof - room * share - BETWEEN
        frames.append(Frame(MARGIN, 0, top + BETWEEN, roof, low, high, 1))
    figures = [tag.text, *(text for frame in frames for text in figures_of(frame)[1])]
    right = sheet.width - max(width_of(text) for text in figures) - 2 * GAP - MARGIN / 2
    slot = (right - MARGIN) / len(course.net)
    bars, line = (replace(frame, right=right, slot=slot) for frame in frames)

    chosen = next((i for i, d in enumerate(spec.days) if d.day == spec.highlight), None)
    _bars(sheet, bars, course, chosen)
    cumulative(sheet, line, course, tag, spec.currency)
    axes.date_axis(sheet, [line, bars], course.ts)
    return sheet


def _bars(sheet: Sheet, frame: Frame, course: Course, chosen: int | None) -> None:
    theme, net = sheet.theme, course.net
    note, colour = "", ""
    if chosen is not None:
        day = course.ts[chosen].astype("datetime64[D]").item()
        note = f"{day.day} {day:%b} {money(float(net[chosen]), signed=True)}"
        colour = total_tag(float(net[chosen]), theme).colour
    panel_title(sheet, frame, "Net by session", note, colour)
    zero = zero_line(sheet, frame)
    middle = frame.x(np.arange(len(net)))
    half = min(max(frame.slot * 0.36, 3), WIDEST / 2)
    corners = boxes(np.round(middle - half), zero, np.round(middle + half), frame.y(net))
    for colour, those in ((theme.up, net > 0), (theme.down, net < 0)):
        strong = those.copy()
        if chosen is not None:
            strong[:] = False
            strong[chosen] = those[chosen]
        sheet.shapes(corners[strong], colour)
        sheet.shapes(corners[those & ~strong], theme.wash(colour, PALE))
    axes.value_axis(sheet, frame, *figures_of(frame))
    if chosen is None:
        for i in _told(net):
            over_bar(sheet, frame, float(middle[i]), float(net[i]))


def _told(net: Floats) -> list[int]:
    """Which bars carry their figure: all of a few, else the best and the worst."""
    if len(net) <= FEW:
        return list(range(len(net)))
    return sorted({int(np.argmax(net)), int(np.argmin(net))})
