"""What surrounds a panel: header, legend, grid, dates, figures at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

from charts import dates
from charts.dates import Times
from charts.scale import Frame, axis_figures, decimals_of, figure, spread, ticks
from charts.sheet import SOLID, Dash, Rect, Sheet, fitted, width_of
from charts.theme import LABEL, SUBTITLE, TITLE

MARGIN = 28  # px around the picture
GAP = 12  # px between a panel and the figures at its right, and inside a tag
ROW = 48  # px of a row of text, and of a tag
DATES = 66  # px under the lowest panel
PITCH = ROW + 4  # tags keep this apart


@dataclass(frozen=True, slots=True)
class Tag:
    """A figure in a coloured box at the right edge. `name` stands before it, over the panel."""

    value: float
    text: str
    colour: str
    name: str = ""
    dash: Dash | None = None  # of its line across the panel; None draws no line

    @property
    def width(self) -> float:
        name = width_of(self.name) + GAP if self.name else 0.0
        return name + width_of(self.text) + 2 * GAP


@dataclass(frozen=True, slots=True)
class Key:
    """A legend entry; a band shows a washed box, a line its dash."""

    name: str
    colour: str
    band: bool = False
    dash: Dash = SOLID


def header(sheet: Sheet, title: str, subtitle: str, aside: float = 0) -> float:
    """Title and subtitle, `aside` px at their right left free; returns the height under them."""
    room = sheet.width - 2 * MARGIN - aside
    top = sheet.height - MARGIN
    size = next((s for s in (TITLE, 48, 44) if width_of(title, s, True) <= room), 44)
    sheet.write(MARGIN, top - 22, fitted(title, room, size, True), size=size, bold=True)
    if not subtitle:
        return top - 54
    text = fitted(subtitle, room, SUBTITLE)
    sheet.write(MARGIN, top - 80, text, size=SUBTITLE, colour=sheet.theme.muted)
    return top - 108


def legend(sheet: Sheet, keys: Sequence[Key], top: float, right: float) -> float:
    """Entries from the left, on as many rows as they need; returns the height under them."""
    x, y = float(MARGIN), top - ROW / 2
    for key in keys:
        name = fitted(key.name, right - MARGIN - 60)
        if x > MARGIN and x + 56 + width_of(name) > right:
            x, y = float(MARGIN), y - ROW
        if key.band:
            sheet.box(Rect(x, y - 13, x + 44, y + 13), key.colour, z=4)
            sheet.box(Rect(x, y - 10, x + 44, y + 10), sheet.theme.wash(key.colour, 0.25), z=5)
        else:
            sheet.line((x, x + 44), (y, y), key.colour, width=6, dash=key.dash)
        sheet.write(x + 56, y, name, colour=sheet.theme.muted)
        x += 56 + width_of(name) + 40
    return y - ROW / 2


def value_axis(
    sheet: Sheet,
    frame: Frame,
    values: Sequence[float],
    texts: Sequence[str],
    tags: Sequence[Tag] = (),
) -> None:
    """Grid lines, tags, and the figures that the tags leave room for.

    Tags that are too many for the panel stand beside what is under it.
    """
    theme = sheet.theme
    edge = sheet.width - MARGIN / 2
    for tag, y in zip(tags, _places(frame, tags), strict=True):
        _draw_tag(sheet, frame, tag, y, edge)
    for value, text in zip(values, texts, strict=True):
        y = float(frame.y(value))
        sheet.line((frame.left, frame.right), (y, y), theme.grid, width=2, z=0.5)
        if sheet.is_free(sheet.room_for(frame.right + GAP, y, text)):
            sheet.write(frame.right + GAP, y, text, colour=theme.muted)


def round_figures(frame: Frame, *, money: bool, apart: float = 80) -> tuple[list[float], list[str]]:
    """Round values about `apart` pixels apart, written as money or as prices."""
    most = min(max(2, int((frame.top - frame.bottom) / apart)), 6)
    values, step = ticks(frame.low, frame.high, most)
    if money:
        return values, axis_figures(values, step)
    return values, [figure(v, decimals_of(step)) for v in values]


def date_axis(sheet: Sheet, frames: Sequence[Frame], ts: Times) -> None:
    """Labels under the lowest frame (the first given), and a line up through every frame.

    Years go first, so that a month too near to one is left out rather than the year.
    """
    lowest = frames[0]
    y = lowest.bottom - 36
    for tick in sorted(dates.ticks(ts), key=lambda t: not t.strong):
        start = lowest.left + tick.index * lowest.slot
        centre = float(lowest.x(tick.index))
        for frame in frames:
            sheet.line((start, start), (frame.bottom, frame.top), sheet.theme.grid, width=2, z=0.5)
        width = width_of(tick.label, LABEL, tick.strong)
        left = min(max(centre - width / 2, MARGIN), sheet.width - MARGIN - width)
        room = Rect(left - 18, y - LABEL / 2, left + width + 18, y + LABEL / 2)
        if sheet.is_free(room):
            colour = sheet.theme.ink if tick.strong else sheet.theme.muted
            sheet.write(left, y, tick.label, bold=tick.strong, colour=colour)


def _places(frame: Frame, tags: Sequence[Tag]) -> list[float]:
    wanted = [float(frame.y(min(max(t.value, frame.low), frame.high))) for t in tags]
    high = frame.top + 8  # the currency stands above
    low = min(frame.bottom - 8, high - len(tags) * PITCH)
    return spread(wanted, PITCH, low, high)


def _draw_tag(sheet: Sheet, frame: Frame, tag: Tag, y: float, edge: float) -> None:
    ink = sheet.theme.on(tag.colour)
    left = min(edge - tag.width, frame.right)
    at = float(frame.y(tag.value))
    if tag.dash is not None and frame.bottom <= at <= frame.top:
        bend = left - 26
        sheet.line((frame.left, bend), (at, at), tag.colour, dash=tag.dash, z=6)
        sheet.line((bend, left), (at, y), tag.colour, z=6)
    box = Rect(left, y - ROW / 2, edge, y + ROW / 2)
    sheet.box(box, tag.colour)
    if tag.name:
        sheet.write(left + GAP, y, tag.name, colour=ink)
    sheet.write(edge - GAP, y, tag.text, colour=ink, align="right")
    sheet.taken.append(box)
