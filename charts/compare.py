"""Strategies against each other: cumulative P&L in one panel, P&L by month below."""

from collections.abc import Mapping, Sequence

import numpy as np

from charts import axes
from charts.axes import DATES, GAP, MARGIN, ROW, Tag
from charts.calendar import Scale
from charts.dates import MONTHS
from charts.pieces import PnlDay
from charts.pnl import TITLE_ROW, empty, extent, figures_of, panel_title, total_tag, zero_line
from charts.scale import Floats, Frame, money, short
from charts.sheet import DASHED, DOTTED, FEWER, SOLID, Dash, Rect, Sheet, fitted, width_of
from charts.specs import CompareSpec
from charts.theme import HEIGHT, THEMES, WIDTH, Theme

DASHES: tuple[Dash, ...] = (SOLID, DASHED, DOTTED, (0, (6.0, 2.0, 1.5, 2.0)))
SAMPLE = 56  # px of a line beside its name
LONGEST = 312  # px of a name
LEAST = 400  # px of the panel
LINE = 54  # px of a strategy's row
MOST_POINTS = 300  # of a line; of longer histories every second day, every third and so on
TAGGED = 5  # strategies with a tag each; of more, only the best and the worst


def compose(spec: CompareSpec) -> Sheet:
    """The picture, not yet saved; taller than others from seven strategies on."""
    rows = len(spec.lines) + 1
    fixed = 108 + MARGIN + 6 + TITLE_ROW * 2 + DATES + MARGIN
    sheet = Sheet(THEMES[spec.theme], WIDTH, max(HEIGHT, fixed + LEAST + rows * LINE))
    if len(spec.lines) > TAGGED:
        sheet.colours = FEWER
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    if not any(spec.lines.values()):
        return empty(sheet, top)
    ts = np.unique(np.array([d.day for days in spec.lines.values() for d in days], "datetime64[D]"))
    courses = {name: _course(days, ts) for name, days in spec.lines.items()}
    table = MARGIN + rows * LINE + TITLE_ROW
    _lines(sheet, spec, ts, courses, table + DATES, top)
    _months(sheet, spec, {name: float(c[-1]) for name, c in courses.items()}, table)
    return sheet


def style(theme: Theme, i: int) -> tuple[str, Dash]:
    """Colour and dash of the line in place `i`: no two of twelve have both alike."""
    colours = (*theme.overlays, theme.up, theme.down)
    return colours[i % len(colours)], DASHES[(i + i // len(colours)) % len(DASHES)]


def _course(days: Sequence[PnlDay], ts: np.ndarray) -> Floats:
    """The value at the end of each of `ts`, 0 before the first; shape (n,)."""
    if not days:
        return np.zeros(len(ts))
    known = np.array([d.day for d in days], "datetime64[D]")
    values = np.array([0.0, *(float(d.net) for d in days)])
    return np.asarray(values[np.searchsorted(known, ts, "right")], np.float64)


def _lines(
    sheet: Sheet,
    spec: CompareSpec,
    ts: np.ndarray,
    courses: dict[str, Floats],
    bottom: float,
    top: float,
) -> None:
    theme = sheet.theme
    low, high = extent(np.concatenate(list(courses.values())))
    frame = Frame(MARGIN, 0, bottom, top - TITLE_ROW, low, high, 1)
    tags = [
        Tag(float(c[-1]), money(float(c[-1]), signed=True), style(theme, i)[0])
        for i, c in enumerate(courses.values())
    ]
    if len(tags) > TAGGED:
        tags = sorted(tags, key=lambda tag: tag.value)
        tags = [tags[0], tags[-1]]
    texts = [*(tag.text for tag in tags), *figures_of(frame)[1]]
    right = sheet.width - max(width_of(text) for text in texts) - 2 * GAP - MARGIN / 2
    frame = Frame(MARGIN, right, bottom, frame.top, low, high, (right - MARGIN) / max(len(ts), 1))
    panel_title(sheet, frame, "Cumulative net P&L")
    edge = sheet.width - MARGIN / 2 - GAP
    y = frame.top + TITLE_ROW - ROW / 2
    sheet.write(edge, y, spec.currency, align="right", colour=theme.muted)
    zero_line(sheet, frame)
    step = -(-len(ts) // MOST_POINTS)
    points = np.arange(len(ts), -1, -step)[::-1]  # the last day is always one
    x = frame.left + points * frame.slot
    for i, course in enumerate(courses.values()):
        colour, dash = style(theme, i)
        line = frame.y(np.concatenate(([0.0], course))[points])
        sheet.line(
            x,
            line,
            colour,
            width=4 if len(spec.lines) <= TAGGED else 3,
            dash=dash,
            inside=frame,
            z=4 - i / 100,
        )
    axes.value_axis(sheet, frame, *figures_of(frame), tags)
    axes.date_axis(sheet, [frame], ts.astype("datetime64[us]"))


def _months(sheet: Sheet, spec: CompareSpec, totals: dict[str, float], top: float) -> None:
    """A row for each strategy: its line, its months (as many of the last as fit), its total."""
    theme = sheet.theme
    nets = {name: dict(spec.months.get(name, ())) for name in spec.lines}
    months = sorted({month for row in nets.values() for month in row})
    names = {name: fitted(name, LONGEST) for name in spec.lines}
    ends = {name: short(total) for name, total in totals.items()}
    left = MARGIN + SAMPLE + GAP + max(width_of(name) for name in names.values()) + GAP
    right = sheet.width - MARGIN - max(width_of(t, bold=True) for t in (*ends.values(), "total"))
    right -= 2 * GAP
    over, wide = _written(nets, months, right - left)
    shown = months[-max(1, int((right - left) / wide)) :]
    wide = min((right - left) / max(len(shown), 1), 190)
    left = right - wide * len(shown)
    cut = f", last {len(shown)} of {len(months)}" if len(shown) < len(months) else ""
    sheet.write(MARGIN, top - ROW / 2, f"Net by month{cut}")
    y = top - TITLE_ROW - LINE / 2
    for c, month in enumerate(shown):
        january = month.endswith("-01")
        name = month[:4] if january else MONTHS[int(month[5:]) - 1]
        tint = theme.ink if january else theme.muted
        sheet.write(left + (c + 0.5) * wide, y, name, align="center", bold=january, colour=tint)
    sheet.write(sheet.width - MARGIN, y, "total", align="right", colour=theme.muted)
    largest = max((abs(float(r.get(m, 0))) for r in nets.values() for m in shown), default=0.0)
    scale = Scale(theme, largest or 1.0)
    cells: list[tuple[Rect, str]] = []
    for i, name in enumerate(spec.lines):
        y -= LINE
        colour, dash = style(theme, i)
        sheet.line((MARGIN, MARGIN + SAMPLE), (y, y), colour, width=6, dash=dash)
        sheet.write(MARGIN + SAMPLE + GAP, y, names[name])
        for c, month in enumerate(shown):
            net = nets[name].get(month)
            fill = theme.grid if net is None else scale.fill(float(net))
            x = left + c * wide
            cells.append((Rect(x, y - LINE / 2 + 2, x + wide - 4, y + LINE / 2 - 2), fill))
            if net is not None:
                middle = x + wide / 2 - 2
                text = short(float(net), over=over)
                sheet.write(middle, y, text, align="center", colour=theme.on(fill))
        tint = total_tag(totals[name], theme).colour
        sheet.write(sheet.width - MARGIN, y, ends[name], align="right", bold=True, colour=tint)
    sheet.tiles(cells)


def _written(
    nets: Mapping[str, Mapping[str, float]], months: Sequence[str], room: float
) -> tuple[float, float]:
    """From which amount on figures are in k, and a month's pixels: whole units where all fit."""
    values = [float(v) for row in nets.values() for v in row.values()] or [0.0]
    for over in (9_999.5, 999.5):
        wide = max(width_of("Mmm"), *(width_of(short(v, over=over)) for v in values)) + 18
        if wide * len(months) <= room:
            break
    return over, wide
