"""A heat map of days: a month with every figure, or a year in two strips of weeks."""

import calendar as gregorian
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from charts import axes
from charts.axes import GAP, MARGIN, ROW
from charts.dates import MONTHS
from charts.heat import framed
from charts.pnl import total_tag
from charts.scale import money, short
from charts.sheet import Rect, Sheet, width_of
from charts.specs import CalendarSpec
from charts.theme import THEMES, Theme

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FAINTEST = 0.22  # of a colour, for the smallest amount
SHADES = 24  # of the scale, either side of zero
SCALE = 300.0  # px of the scale
FOOT = MARGIN + 2 * ROW + 20  # px under the days
HALVES = ((1, 6), (7, 12))


@dataclass(frozen=True, slots=True)
class Scale:
    """Blue for profit and orange for loss, the stronger the larger; zero is grey."""

    theme: Theme
    largest: float  # the amount with the full colour

    def fill(self, value: float) -> str:
        if value == 0:
            return self.theme.wash(self.theme.muted, 0.4)
        strength = FAINTEST + (1 - FAINTEST) * (abs(value) / self.largest) ** 0.5
        return self.theme.wash(self.theme.up if value > 0 else self.theme.down, strength)


def compose(spec: CalendarSpec) -> Sheet:
    """The picture, not yet saved."""
    sheet = Sheet(THEMES[spec.theme])
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    nets = {d.day: float(d.net) for d in spec.days}
    scale = Scale(sheet.theme, max((abs(v) for v in nets.values()), default=0.0) or 1.0)
    columns = 7 if any(day.weekday() > 4 for day in nets) else 5
    cells = _month(spec, columns, top) if spec.month else _year(sheet, spec, columns, top)
    if spec.month:
        _weekdays(sheet, columns, top)
    fills = {day: scale.fill(nets[day]) if day in nets else sheet.theme.grid for day in cells}
    sheet.tiles([(cell, fills[day]) for day, cell in cells.items()])
    if spec.month:
        for day, cell in cells.items():
            _figure(sheet, cell, day, nets.get(day), fills[day])
    extremes = _extremes(nets)
    for day in extremes:
        cell = cells[day]
        framed(sheet, cell.left, cell.bottom, cell.right - cell.left, cell.top - cell.bottom)
    _foot(sheet, spec, nets, extremes, scale)
    return sheet


def _extremes(nets: Mapping[date, float]) -> list[date]:
    """The best day and the worst, where it lost: the first of equals."""
    if not nets:
        return []
    best, worst = max(nets, key=lambda d: nets[d]), min(nets, key=lambda d: nets[d])
    return [day for day, told in ((best, nets[best] > 0), (worst, nets[worst] < 0)) if told]


def _month(spec: CalendarSpec, columns: int, top: float) -> dict[date, Rect]:
    year, month = int(spec.month[:4]), int(spec.month[5:])
    weeks = [w for w in gregorian.Calendar().monthdatescalendar(year, month)
             if any(d.month == month for d in w[:columns])]  # fmt: skip
    roof = top - ROW
    wide, high = (1200 - 2 * MARGIN) / columns, min((roof - FOOT) / len(weeks), 150)
    return {
        day: Rect(MARGIN + c * wide, roof - (r + 1) * high + 4,
                  MARGIN + (c + 1) * wide - 4, roof - r * high)
        for r, week in enumerate(weeks)
        for c, day in enumerate(week[:columns])
        if day.month == month
    }  # fmt: skip


def _weekdays(sheet: Sheet, columns: int, top: float) -> None:
    wide = (sheet.width - 2 * MARGIN) / columns
    for c in range(columns):
        x = MARGIN + (c + 0.5) * wide
        y = top - ROW / 2
        sheet.write(x, y, WEEKDAYS[c], align="center", colour=sheet.theme.muted)


def _year(sheet: Sheet, spec: CalendarSpec, rows: int, top: float) -> dict[date, Rect]:
    """January to June over July to December; a column a week, a row a weekday."""
    assert spec.year is not None
    muted = sheet.theme.muted
    left = MARGIN + width_of("Mon") + GAP
    strip = (top - FOOT) / 2
    wide = (sheet.width - MARGIN - left) / 27  # weeks that half a year may touch
    high = (strip - ROW - 12) / rows
    cells: dict[date, Rect] = {}
    for half, (first, last) in enumerate(HALVES):
        roof = top - half * strip - ROW
        start = date(spec.year, first, 1)
        monday = start - timedelta(start.weekday())
        for row in range(rows):
            sheet.write(MARGIN, roof - (row + 0.5) * high, WEEKDAYS[row], colour=muted)
        for month in range(first, last + 1):
            column = (date(spec.year, month, 1) - monday).days // 7
            column += month > first and date(spec.year, month, 1).weekday() > 0
            sheet.write(left + column * wide, roof + ROW / 2, MONTHS[month - 1], colour=muted)
        day = start
        while day.year == spec.year and day.month <= last:
            if day.weekday() < rows:
                x = left + (day - monday).days // 7 * wide
                y = roof - (day.weekday() + 1) * high
                cells[day] = Rect(x, y + 3, x + wide - 3, y + high)
            day += timedelta(1)
    return cells


def _figure(sheet: Sheet, cell: Rect, day: date, net: float | None, fill: str) -> None:
    theme = sheet.theme
    ink = theme.muted if net is None else theme.on(fill)
    sheet.write(cell.left + 10, cell.top - 26, str(day.day), colour=ink)
    if net is not None:
        middle = (cell.left + cell.right) / 2
        y = (cell.bottom + cell.top - 44) / 2
        sheet.write(middle, y, short(net), align="center", colour=ink, bold=True)


def _foot(
    sheet: Sheet, spec: CalendarSpec, nets: Mapping[date, float], told: list[date], scale: Scale
) -> None:
    """Best and worst (framed) with their figures, the scale, and the total."""
    theme = sheet.theme
    y = MARGIN + ROW * 1.5
    if not nets:
        sheet.write(MARGIN, y, "No trades yet", bold=True)
        return
    for day in told:
        best = nets[day] > 0
        text = f"{'best' if best else 'worst'} {day.day} {day:%b} {money(nets[day], signed=True)}"
        if best:
            sheet.write(MARGIN, y, text, colour=theme.up)
        else:
            sheet.write(sheet.width - MARGIN, y, text, align="right", colour=theme.down)
    y -= ROW
    low, high = short(-scale.largest), short(scale.largest)
    x = MARGIN + width_of(low) + GAP
    sheet.write(MARGIN, y, low, colour=theme.muted)
    step = SCALE / (2 * SHADES + 1)
    shades = [scale.fill(shade / SHADES * scale.largest) for shade in range(-SHADES, SHADES + 1)]
    edges = [x + i * step for i in range(len(shades))]
    ramp = [Rect(at, y - 15, at + step + 1, y + 15) for at in edges]
    sheet.tiles(list(zip(ramp, shades, strict=True)))
    sheet.write(x + SCALE + GAP, y, high, colour=theme.muted)
    total = sum(nets.values())
    text = f"total {money(total, signed=True)} {spec.currency}"
    colour = total_tag(total, theme).colour
    sheet.write(sheet.width - MARGIN, y, text, align="right", bold=True, colour=colour)
