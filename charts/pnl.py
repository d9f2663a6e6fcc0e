"""Profit and loss: cumulative, by day or longer, and drawdown, one above another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from charts import axes, dates
from charts.axes import DATES, GAP, MARGIN, ROW, Tag
from charts.dates import Times
from charts.pieces import PnlDay
from charts.scale import Floats, Frame, money
from charts.sheet import DOTTED, Sheet, boxes, width_of
from charts.specs.daily import PnlSpec, Span
from charts.theme import DARK, SUBTITLE, THEMES, Theme

MOST_BARS = 110  # leaves a bar and its gap 9 px, 2.7 on a phone
WIDEST = 110.0  # px of a bar
TITLE_ROW = ROW + 8  # px over each panel
BETWEEN = 12  # px under each panel
SHARES = (0.46, 0.27, 0.27)  # of the height: cumulative, bars, drawdown
AIR = 0.1  # of a panel's range, beyond its values
CODES = {"day": "D", "week": "W", "month": "M"}


@dataclass(frozen=True, slots=True)
class Course:
    """What the panels show, per day; money. Shapes (n,)."""

    ts: Times
    net: Floats
    total: Floats
    peak: Floats  # highest total so far, never under 0
    drawdown: Floats  # total less peak: 0 or negative


def pnl(
    days: Sequence[PnlDay],
    *,
    title: str,
    subtitle: str = "",
    currency: str = "USD",
    bars: Span = "auto",
    theme: Theme = DARK,
) -> bytes:
    """A PNG, 1200 x 1000. `days` ascend, one entry a day; raises DataError as `PnlSpec` does."""
    return compose(PnlSpec(days, title, subtitle, currency, bars, theme=theme.name)).png()


def compose(spec: PnlSpec) -> Sheet:
    """The picture, not yet saved."""
    sheet = Sheet(THEMES[spec.theme])
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    if not spec.days:
        return empty(sheet, top)
    course = course_of(spec.days)
    span = _span(spec.bars, course.ts)
    starts, sums = _groups(course, span)
    tag = total_tag(float(course.total[-1]), sheet.theme)

    room = top - DATES - 3 * TITLE_ROW - 2 * BETWEEN
    frames: list[Frame] = []
    for share, values in zip(SHARES, (course.total, sums, course.drawdown), strict=True):
        roof = top - TITLE_ROW
        top = roof - room * share - BETWEEN
        frames.append(Frame(MARGIN, 0, top + BETWEEN, roof, *extent(values), 1))
    figures = [tag.text, *(text for frame in frames for text in figures_of(frame)[1])]
    right = sheet.width - max(width_of(text) for text in figures) - 2 * GAP - MARGIN / 2
    slot = (right - MARGIN) / len(course.net)
    frames = [replace(frame, right=right, slot=slot) for frame in frames]

    what = "gross" if spec.gross else "net"
    cumulative(sheet, frames[0], course, tag, spec.currency, what)
    _bars(sheet, frames[1], starts, sums, f"{what.title()} by {span}")
    drawdown(sheet, frames[2], course)
    axes.date_axis(sheet, frames[::-1], course.ts)
    return sheet


def course_of(days: Sequence[PnlDay]) -> Course:
    ts = np.array([d.day for d in days], "datetime64[D]").astype("datetime64[us]")
    net = np.array([float(d.net) for d in days])
    total = np.cumsum(net)
    peak = np.maximum.accumulate(np.maximum(total, 0.0))
    return Course(ts, net, total, peak, total - peak)


def _span(wanted: Span, ts: Times) -> Span:
    """The shortest of day, week, month whose bars stay wide enough."""
    if wanted != "auto":
        return wanted
    spans: tuple[Span, ...] = ("day", "week")
    return next((s for s in spans if len(np.unique(_key(ts, s))) <= MOST_BARS), "month")


def _key(ts: Times, span: str) -> NDArray[np.int64]:
    days = ts.astype("datetime64[D]").astype(np.int64)
    if span == "week":
        return (days + 3) // 7  # Monday to Sunday
    return ts.astype(f"datetime64[{CODES[span]}]").astype(np.int64)


def _groups(course: Course, span: Span) -> tuple[NDArray[np.int64], Floats]:
    """Where each bar's days begin, shape (m + 1,) with the end, and what they sum to, (m,)."""
    keys = _key(course.ts, span)
    first = np.concatenate(([0], np.flatnonzero(np.diff(keys)) + 1))
    return np.append(first, len(keys)), np.add.reduceat(course.net, first)


def total_tag(total: float, theme: Theme) -> Tag:
    colour = theme.up if total > 0 else theme.down if total < 0 else theme.ink
    return Tag(total, money(total, signed=True), colour)


def extent(values: Floats, air: float = AIR) -> tuple[float, float]:
    """All values and zero, with air beyond; zero lies at the edge when nothing crosses it."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if low == high:
        return -1.0, 1.0
    air *= high - low
    return low - (air if low < 0 else 0), high + (air if high > 0 else 0)


def figures_of(frame: Frame) -> tuple[list[float], list[str]]:
    if (frame.low, frame.high) == extent(np.zeros(1)):
        return [0.0], ["0"]
    return axes.round_figures(frame, money=True, apart=56)


def panel_title(sheet: Sheet, frame: Frame, text: str, note: str = "", colour: str = "") -> None:
    """A panel's name over its left end, a note over its right end."""
    y = frame.top + TITLE_ROW - ROW / 2
    sheet.write(MARGIN, y, text)
    if note:
        sheet.write(frame.right, y, note, align="right", colour=colour or sheet.theme.muted)


def zero_line(sheet: Sheet, frame: Frame) -> float:
    y = round(float(frame.y(0.0)))
    sheet.line((frame.left, frame.right), (y, y), sheet.theme.zero, width=3, z=2)
    return y


def ends_of(frame: Frame, values: Floats) -> tuple[Floats, Floats]:
    """Pixels of a course that starts at zero and is known at the end of each day."""
    x = frame.left + np.arange(len(values) + 1, dtype=np.float64) * frame.slot
    return x, frame.y(np.concatenate(([0.0], values)))


def cumulative(
    sheet: Sheet, frame: Frame, course: Course, tag: Tag, currency: str, what: str = "net"
) -> None:
    theme = sheet.theme
    edge = sheet.width - MARGIN / 2 - GAP
    sheet.write(edge, frame.top + TITLE_ROW - ROW / 2, currency, align="right", colour=theme.muted)
    panel_title(sheet, frame, f"Cumulative {what} P&L")
    zero = zero_line(sheet, frame)
    x, y = ends_of(frame, course.total)
    base = np.full(len(x), zero)
    sheet.area(x, base, np.maximum(y, zero), theme.wash(theme.up, 0.26), inside=frame)
    sheet.area(x, np.minimum(y, zero), base, theme.wash(theme.down, 0.26), inside=frame)
    peak = ends_of(frame, np.where(course.drawdown < 0, course.peak, np.nan))[1]
    sheet.line(x, peak, theme.muted, dash=DOTTED, z=2.5)
    sheet.line(x, y, theme.ink, width=4 if len(x) < 400 else 3)
    sheet.dot(float(x[-1]), float(y[-1]), tag.colour, radius=9)
    axes.value_axis(sheet, frame, *figures_of(frame), [tag])


def _bars(sheet: Sheet, frame: Frame, starts: NDArray[np.int64], sums: Floats, title: str) -> None:
    theme = sheet.theme
    panel_title(sheet, frame, title)
    zero = zero_line(sheet, frame)
    ends = frame.left + starts * frame.slot
    half = np.clip(np.diff(ends) * 0.36, 3, WIDEST / 2)
    middle = (ends[:-1] + ends[1:]) / 2
    corners = boxes(np.round(middle - half), zero, np.round(middle + half), frame.y(sums))
    sheet.shapes(corners[sums > 0], theme.up)
    sheet.shapes(corners[sums < 0], theme.down)
    axes.value_axis(sheet, frame, *figures_of(frame))


def drawdown(sheet: Sheet, frame: Frame, course: Course) -> None:
    theme = sheet.theme
    zero = zero_line(sheet, frame)
    axes.value_axis(sheet, frame, *figures_of(frame))
    worst = int(np.argmin(course.drawdown))
    depth = float(course.drawdown[worst])
    if depth >= 0:
        panel_title(sheet, frame, "Drawdown", "none so far")
        return
    x, y = ends_of(frame, course.drawdown)
    sheet.area(x, y, np.full(len(x), zero), theme.wash(theme.down, 0.4), inside=frame)
    sheet.line(x, y, theme.down, width=3)
    sheet.dot(float(x[worst + 1]), float(y[worst + 1]), theme.down, radius=9)
    note = f"worst {money(depth)} on {dates.full_date(course.ts[worst])}"
    panel_title(sheet, frame, "Drawdown", note, theme.down)


def empty(sheet: Sheet, top: float) -> Sheet:
    middle, y = sheet.width / 2, top / 2 + 20
    sheet.write(middle, y + 40, "No trades yet", size=SUBTITLE + 10, bold=True, align="center")
    hint = "The first closed day will show here."
    sheet.write(middle, y - 30, hint, align="center", colour=sheet.theme.muted)
    return sheet
