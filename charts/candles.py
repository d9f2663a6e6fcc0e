"""The chart on a signal's card: candles, overlays, levels, marks, and indicators beneath."""

from collections.abc import Mapping, Sequence

import numpy as np

from charts import axes
from charts.axes import DATES, GAP, MARGIN, ROW, Key, Tag
from charts.bodies import draw_bodies, draw_volume
from charts.marks import draw_marks, place_of
from charts.pieces import Level, Mark, Panel
from charts.scale import Floats, Frame, figure, money, price_decimals, spread
from charts.sheet import DASHED, SOLID, Sheet, fitted, width_of
from charts.specs.candles import SHOWN, CandlesSpec
from charts.theme import DARK, LABEL, THEMES, Theme
from trading.bars import Bars

PANEL = 158  # px of a lower panel
VOLUME = 96  # px of the volume bars
WIDEST = 34  # px of a bar, where there are few
LONGEST_NAME = 200  # px of a level's name
FAR_OVERLAY, FAR_LEVEL = 0.5, 1.0  # heights of the candles beyond which a line is left outside


def candles(
    bars: Bars,
    *,
    title: str,
    subtitle: str = "",
    currency: str = "USD",
    overlays: Mapping[str, Floats] | None = None,
    panels: Sequence[Panel] = (),
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
    volume: bool = False,
    decimals: int | None = None,
    theme: Theme = DARK,
) -> bytes:
    """The last 120 bars as a PNG, 1200 x 1000. Raises DataError as `CandlesSpec` does."""
    spec = CandlesSpec(
        bars=bars,
        title=title,
        subtitle=subtitle,
        currency=currency,
        overlays=overlays or {},
        panels=panels,
        levels=levels,
        marks=marks,
        volume=volume,
        decimals=decimals,
        theme=theme.name,
    )
    return compose(spec).png()


def compose(spec: CandlesSpec) -> Sheet:
    """The picture, not yet saved."""
    theme = THEMES[spec.theme]
    sheet = Sheet(theme)
    spec, tags, right, slot = _fitted(sheet, spec)
    bars = spec.bars

    top = axes.header(sheet, spec.title, spec.subtitle)
    edge = sheet.width - MARGIN / 2 - GAP
    sheet.write(edge, top - ROW / 2, spec.currency, align="right", colour=theme.muted)
    top = axes.legend(sheet, _keys(spec, theme), top, right - GAP)

    shrink = 1.0 if len(spec.panels) < 2 else 0.66
    frames: list[Frame] = []
    bottom = float(DATES)
    for panel in reversed(spec.panels):
        low, high = _panel_range(panel)
        frames.append(Frame(MARGIN, right, bottom, bottom + PANEL * shrink, low, high, slot))
        bottom = frames[-1].top + ROW + 12
    if spec.volume:
        frames.append(Frame(MARGIN, right, bottom, bottom + VOLUME * shrink, 0, 1, slot))
        bottom = frames[-1].top + 14
    price = Frame(MARGIN, right, bottom, top - 10, *_range(spec), slot)

    _overlays(sheet, price, spec)
    draw_bodies(sheet, price, bars)
    axes.value_axis(sheet, price, *axes.round_figures(price, money=False), tags)
    for panel, frame in zip(reversed(spec.panels), frames, strict=False):
        _panel(sheet, frame, panel)
    if spec.volume:
        draw_volume(sheet, frames[-1], bars)
    axes.date_axis(sheet, [*frames, price], bars.ts)
    draw_marks(sheet, price, bars, spec.marks, [tag.value for tag in tags if tag.name])
    return sheet


def _fitted(sheet: Sheet, spec: CandlesSpec) -> tuple[CandlesSpec, list[Tag], float, int]:
    """The bars to draw, their tags, where panels end at the right, and the pixels of a bar.

    A bar takes a whole number of pixels, so that every body and gap is alike. Where one pixel
    more costs at most an eighth of the bars, the oldest are given up for it.
    """
    spec = spec.last(SHOWN)
    tags = _tags(spec)
    right, room = _columns(sheet, spec, tags)
    slot = int(room / len(spec.bars))
    if slot < WIDEST and room // (slot + 1) >= len(spec.bars) * 7 // 8:
        spec = spec.last(int(room // (slot + 1)))
        tags = _tags(spec)  # the prices in sight have changed, and so may have the tags
        right, room = _columns(sheet, spec, tags)
    return spec, tags, right, min(max(int(room / len(spec.bars)), 2), WIDEST)


def _columns(sheet: Sheet, spec: CandlesSpec, tags: Sequence[Tag]) -> tuple[float, float]:
    """Where the panels end at the right, and the pixels left for bars beside names of levels."""
    figures = [tag.text for tag in tags] + [_plain(v) for p in spec.panels for v in p.lines]
    right = sheet.width - max(width_of(text) for text in figures) - 2 * GAP - MARGIN / 2
    widest = max(tag.width for tag in tags) + MARGIN / 2
    room = min(right - GAP, sheet.width - widest - 30) - MARGIN
    beyond = any(place_of(mark, spec.bars.ts) == len(spec.bars) for mark in spec.marks)
    return right, room - 24 * beyond


def _range(spec: CandlesSpec) -> tuple[float, float]:
    """Candles always; levels and overlays while they do not squeeze the candles flat."""
    bars = spec.bars
    prices = np.concatenate((bars.open, bars.high, bars.low, bars.close))
    low, high = float(np.nanmin(prices)), float(np.nanmax(prices))
    span = (high - low) or abs(high) * 0.02 or 1.0
    wanted = [float(mark.price) for mark in spec.marks if place_of(mark, bars.ts) is not None]
    for far, values in (
        *((FAR_OVERLAY, values.ravel()) for values in spec.overlays.values()),
        *((FAR_LEVEL, np.array([float(level.price)])) for level in spec.levels),
    ):
        near = np.abs(values - (low + high) / 2) <= span * (0.5 + far)
        wanted.extend(values[near].tolist())
    lowest, highest = min(low, *wanted, low), max(high, *wanted, high)
    pad = ((highest - lowest) or span) * 0.05
    below = 2.2 if any(mark.side.sign > 0 for mark in spec.marks) else 1.0
    above = 2.2 if any(mark.side.sign < 0 for mark in spec.marks) else 1.0
    return lowest - pad * below, highest + pad * above


def _last(bars: Bars) -> float:
    """The last close, or the open of a bar that has not closed."""
    known = np.where(np.isfinite(bars.close), bars.close, bars.open)
    return float(known[np.isfinite(known)][-1])


def _decimals(spec: CandlesSpec) -> int:
    return price_decimals(_last(spec.bars)) if spec.decimals is None else spec.decimals


def _tags(spec: CandlesSpec) -> list[Tag]:
    """Levels, and the last price unless a level says the same to its last decimal."""
    theme, bars = THEMES[spec.theme], spec.bars
    low, high = _range(spec)
    last, decimals = _last(bars), _decimals(spec)
    tags: list[Tag] = []
    for level in spec.levels:
        price, tone = float(level.price), level.tone_or_name
        arrow = "▲ " if price > high else "▼ " if price < low else ""
        tags.append(
            Tag(
                price,
                figure(price, decimals),
                theme.tone(tone),
                fitted(arrow + level.name, LONGEST_NAME),
                SOLID if tone == "signal" else DASHED,
            )
        )
    if all(abs(tag.value - last) >= 10.0**-decimals for tag in tags):
        tags.append(Tag(last, figure(last, decimals), theme.ink))
    return tags


def _keys(spec: CandlesSpec, theme: Theme) -> list[Key]:
    """The legend; a line that ends out of sight says where it is."""
    low, high = _range(spec)
    keys: list[Key] = []
    for name, colour in _colours(spec, theme).items():
        values = spec.overlays[name]
        text = name
        if values.ndim == 1 and not low <= values[-1] <= high and np.isfinite(values[-1]):
            value = float(values[-1])
            text += f" {'▲' if value > high else '▼'} {figure(value, _decimals(spec))}"
        keys.append(Key(text, colour, band=values.ndim > 1))
    return keys


def _colours(spec: CandlesSpec, theme: Theme) -> dict[str, str]:
    """The first band has its own colour; lines and further bands take the next in turn."""
    colours: dict[str, str] = {}
    lines = 0
    for name, values in spec.overlays.items():
        if values.ndim > 1 and theme.band not in colours.values():
            colours[name] = theme.band
        else:
            colours[name] = theme.overlays[lines % len(theme.overlays)]
            lines += 1
    return colours


def _overlays(sheet: Sheet, frame: Frame, spec: CandlesSpec) -> None:
    for name, colour in _colours(spec, sheet.theme).items():
        values = spec.overlays[name]
        x, y = frame.x(np.arange(values.shape[-1])), frame.y(values)
        if values.ndim == 1:
            sheet.line(x, y, colour, width=4, inside=frame, z=2)
            continue
        sheet.area(x, y[0], y[-1], sheet.theme.wash(colour, 0.16), inside=frame, z=0.2)
        for edge in (y[0], y[-1]):
            sheet.line(x, edge, colour, width=2.5, inside=frame, z=2)
        if len(y) == 3:
            sheet.line(x, y[1], colour, width=2, dash=DASHED, inside=frame, z=2)


def _panel_range(panel: Panel) -> tuple[float, float]:
    reach = [*panel.values[np.isfinite(panel.values)].tolist(), *panel.lines] or [0.0, 1.0]
    pad = (max(reach) - min(reach)) * 0.1 or 1.0
    low = min(reach) - pad if panel.low is None else panel.low
    high = max(reach) + pad if panel.high is None else panel.high
    return low, max(high, low + 1e-9)


def _panel(sheet: Sheet, frame: Frame, panel: Panel) -> None:
    """The indicator's name and last value above it, its thresholds across it."""
    theme, values, right = sheet.theme, panel.values, frame.right
    title = fitted(panel.name, right - 260)
    sheet.write(MARGIN, frame.top + 6 + ROW / 2, title)
    heights = frame.y(panel.lines).tolist()
    apart = min(LABEL + 2, (frame.top - frame.bottom + ROW) / max(1, len(heights)))
    labels = spread(heights, apart, frame.bottom - ROW / 2, frame.top + ROW / 2)
    for line, height, beside in zip(panel.lines, heights, labels, strict=True):
        sheet.line((frame.left, right), (height, height), theme.zero, width=2.5, dash=DASHED, z=1)
        if sheet.is_free(sheet.room_for(right + GAP, beside, _plain(line))):
            sheet.write(right + GAP, beside, _plain(line), colour=theme.muted)
    x, y = frame.x(np.arange(len(values))), frame.y(values)
    sheet.line(x, y, theme.panel, width=4, inside=frame)
    if (known := np.flatnonzero(np.isfinite(values))).size:
        last = known[-1]
        sheet.dot(float(x[last]), float(y[last]), theme.panel)
        after = MARGIN + width_of(title) + 2 * GAP
        text = _plain(float(values[last]))
        sheet.write(after, frame.top + 6 + ROW / 2, text, bold=True, colour=theme.panel)


def _plain(value: float) -> str:
    """An indicator's value in at most four figures: 30, 28.4, 0.125."""
    if value == round(value) and abs(value) < 1e5:
        return figure(value, 0)
    if abs(value) >= 1e4:
        return money(value, over=1e4)
    return figure(value, 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 3)
