"""A replay: equity against buy and hold, and how far each is below its peak."""

from dataclasses import replace

import numpy as np

from charts import axes, dates
from charts.axes import DATES, GAP, MARGIN, ROW, Key, Tag
from charts.scale import Floats, Frame, figure, money, ticks
from charts.sheet import SOLID, Dash, Sheet, width_of
from charts.specs import ReplaySpec
from charts.theme import THEMES

TITLE_ROW = ROW + 8  # px over each panel
BETWEEN = 12  # px under each panel
SHARES = (0.64, 0.36)  # of the height: equity, drawdown
AIR = 0.08  # of a panel's range, beyond its values
HOLD: Dash = (0, (2.4, 1.6))  # in line widths
SMALLEST = 0.01  # the least depth of the drawdown's axis, a fraction


def compose(spec: ReplaySpec) -> Sheet:
    """The picture, not yet saved."""
    sheet = Sheet(THEMES[spec.theme])
    theme = sheet.theme
    top = axes.header(sheet, spec.title, spec.subtitle) - 6
    keys = [Key("strategy", theme.ink), Key("buy and hold", theme.panel, dash=HOLD)]
    top = axes.legend(sheet, keys, top, sheet.width - MARGIN) - 2

    equity, hold = _from(spec.capital, spec.equity), _from(spec.capital, spec.hold)
    falls = [values / np.maximum.accumulate(values) - 1.0 for values in (equity, hold)]
    tags = [
        Tag(float(equity[-1]), money(float(equity[-1])), theme.ink),
        Tag(float(hold[-1]), money(float(hold[-1])), theme.panel),
    ]
    room = top - DATES - TITLE_ROW * 2 - BETWEEN * 2
    frames: list[Frame] = []
    for share, (low, high) in zip(SHARES, (_range(equity, hold), _depth(falls)), strict=True):
        roof = top - TITLE_ROW
        top = roof - room * share - BETWEEN
        frames.append(Frame(MARGIN, 0, top + BETWEEN, roof, low, high, 1))
    above, below = axes.round_figures(frames[0], money=True), _percents(frames[1])
    texts = [*(tag.text for tag in tags), *above[1], *below[1]]
    right = sheet.width - max(width_of(text) for text in texts) - 2 * GAP - MARGIN / 2
    slot = (right - MARGIN) / len(spec.ts)
    course, under = (replace(frame, right=right, slot=slot) for frame in frames)

    edge = sheet.width - MARGIN / 2 - GAP
    row = course.top + TITLE_ROW - ROW / 2
    sheet.write(edge, row, spec.currency, align="right", colour=theme.muted)
    sheet.write(MARGIN, row, "Equity")
    start = float(course.y(spec.capital))
    sheet.line((course.left, course.right), (start, start), theme.zero, width=3, z=2)
    _draw(sheet, course, hold, theme.panel, HOLD)
    _draw(sheet, course, equity, theme.ink, SOLID)
    axes.value_axis(sheet, course, *above, tags)

    _drawdown(sheet, under, spec, falls)
    axes.value_axis(sheet, under, *below)
    axes.date_axis(sheet, [under, course], spec.ts)
    return sheet


def _from(capital: float, values: Floats) -> Floats:
    """The course with its beginning, (n + 1,)."""
    return np.concatenate(([capital], values))


def _range(equity: Floats, hold: Floats) -> tuple[float, float]:
    low, high = (float(pick(np.concatenate((equity, hold)))) for pick in (np.min, np.max))
    air = AIR * (high - low) or AIR * high
    return low - air, high + air


def _depth(falls: list[Floats]) -> tuple[float, float]:
    return min(-SMALLEST, *(float(fall.min()) for fall in falls)) * (1 + AIR), 0.0


def _percents(frame: Frame) -> tuple[list[float], list[str]]:
    values, step = ticks(frame.low * 100, 0.0, 4)
    places = 0 if step >= 1 else 1
    texts = ["0" if abs(v) < step / 2 else f"{figure(v, places)} %" for v in values]
    return [value / 100 for value in values], texts


def _draw(sheet: Sheet, frame: Frame, values: Floats, colour: str, dash: Dash) -> None:
    x = frame.left + np.arange(len(values), dtype=np.float64) * frame.slot
    width = 4 if len(values) < 400 else 3
    sheet.line(x, frame.y(values), colour, width=width, dash=dash, inside=frame)


def _drawdown(sheet: Sheet, frame: Frame, spec: ReplaySpec, falls: list[Floats]) -> None:
    """The strategy's as an area with its worst day, buy and hold's as a dashed line."""
    theme = sheet.theme
    zero = float(frame.y(0.0))
    sheet.line((frame.left, frame.right), (zero, zero), theme.zero, width=3, z=2)
    own, other = falls
    x = frame.left + np.arange(len(own), dtype=np.float64) * frame.slot
    y = frame.y(own)
    row = frame.top + TITLE_ROW - ROW / 2
    sheet.write(MARGIN, row, "Drawdown")
    sheet.area(x, y, np.full(len(x), zero), theme.wash(theme.down, 0.4), inside=frame)
    sheet.line(x, y, theme.down, width=3, inside=frame)
    _draw(sheet, frame, other, theme.panel, HOLD)
    worst = int(np.argmin(own))
    if own[worst] >= 0:
        sheet.write(frame.right, row, "none", align="right", colour=theme.muted)
        return
    sheet.dot(float(x[worst]), float(y[worst]), theme.down, radius=9)
    when = dates.full_date(spec.ts[worst - 1])
    note = f"worst {figure(float(own[worst]) * 100, 1)} % on {when}"
    sheet.write(frame.right, row, note, align="right", colour=theme.down)
