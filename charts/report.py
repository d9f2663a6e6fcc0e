"""The report: a page of headline figures, equity and drawdown, then months, tables and costs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from charts import axes
from charts.axes import DATES, GAP, MARGIN, ROW, Tag
from charts.paper import A4, Document
from charts.pnl import (
    BETWEEN,
    TITLE_ROW,
    Course,
    course_of,
    cumulative,
    drawdown,
    empty,
    ends_of,
    extent,
    figures_of,
    panel_title,
    total_tag,
)
from charts.scale import Frame, money
from charts.sheet import Paper, Sheet, fitted, width_of
from charts.specs import ReportSpec, Table
from charts.tables import draw_months, draw_table, height_of, height_of_months, tint
from charts.theme import LIGHT

WIDTH, HEIGHT = 1760, 2610  # px between the margins: LABEL is 10 points on A4
TILES = 4  # headlines side by side
FIGURES = (46, 40, 34, 28)  # px of a headline: as large as its room allows
TILE = 128  # px of a row of them
FOOT = -62  # px, in the lower margin
APART = 56  # px between two tables
SHARES = (0.62, 0.38)  # of the charts' height: equity, drawdown
TALLEST = 1560  # px of the charts


def compose(spec: ReportSpec, paper: Paper = A4) -> Document:
    """A summary, and what follows on as many pages as it needs: four in all at most."""
    pages = [_summary(spec, paper), *_tables(spec.tables, paper)]
    for number, page in enumerate(pages, 1):
        _foot(page, spec, f"page {number} of {len(pages)}")
    return Document(pages, f"{spec.title} {spec.subtitle}".strip(), spec.made_at)


def _page(paper: Paper) -> Sheet:
    return Sheet(LIGHT, WIDTH, HEIGHT, paper)


def _foot(page: Sheet, spec: ReportSpec, number: str) -> None:
    muted = page.theme.muted
    page.line((MARGIN, WIDTH - MARGIN), (FOOT + 40, FOOT + 40), page.theme.grid, width=3)
    stated = ", ".join(part for part in (spec.as_of, spec.agrees) if part)
    page.write(MARGIN, FOOT, fitted(stated, WIDTH - 940, 28), size=28, colour=muted)
    title = fitted(f"{spec.title}, {spec.subtitle}" if spec.subtitle else spec.title, 660, 28)
    page.write(WIDTH - MARGIN, FOOT, f"{title}, {number}", size=28, align="right", colour=muted)


def _summary(spec: ReportSpec, paper: Paper) -> Sheet:
    """The first page: at its fullest, the charts still have 1,000 px."""
    page = _page(paper)
    muted = page.theme.muted
    stated = [fitted(text, 800) for text in (spec.as_of, spec.agrees)]
    aside = max(width_of(text) for text in stated) + 40
    top = axes.header(page, spec.title, spec.subtitle, aside)
    for row, text in enumerate(stated):
        y = HEIGHT - MARGIN - 22 - row * 52
        page.write(WIDTH - MARGIN, y, text, align="right", colour=muted)
    top -= 12
    page.line((MARGIN, WIDTH - MARGIN), (top, top), page.theme.ink, width=4)
    top = _headlines(page, spec.headlines, top - 20)
    for line in _wrapped(spec.sentence, WIDTH - 2 * MARGIN):
        page.write(MARGIN, top - ROW / 2, line)
        top -= ROW
    top -= 20
    height = height_of_months(spec.months) + APART if spec.months else 0.0
    room = min(top - height, TALLEST) if spec.days else 0.0
    if spec.days:
        _charts(page, spec, top, room)
    elif not spec.months:
        return empty(page, top)
    if spec.months:
        draw_months(page, spec.months, spec.currency, top - room - APART)
    return page


def _headlines(page: Sheet, headlines: Sequence[tuple[str, str]], top: float) -> float:
    wide = (WIDTH - 2 * MARGIN) / TILES
    for i, (name, figure) in enumerate(headlines):
        x, y = MARGIN + i % TILES * wide, top - i // TILES * TILE
        page.write(x, y - 26, fitted(name, wide - 20), colour=page.theme.muted)
        size = next((s for s in FIGURES if width_of(figure, s, True) <= wide - 20), FIGURES[-1])
        text = fitted(figure, wide - 20, size, True)
        page.write(x, y - 76, text, size=size, bold=True, colour=tint(page, figure))
    return top - -(-len(headlines) // TILES) * TILE - 8


def _wrapped(text: str, room: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(fitted(word, room))
    return lines[:6]


def _charts(page: Sheet, spec: ReportSpec, top: float, height: float) -> None:
    course = course_of(spec.days)
    room = height - DATES - 2 * TITLE_ROW - BETWEEN
    frames: list[Frame] = []
    for share, values in zip(SHARES, (course.total, course.drawdown), strict=True):
        roof = top - TITLE_ROW
        top = roof - room * share - BETWEEN
        frames.append(Frame(MARGIN, 0, top + BETWEEN, roof, *extent(values), 1))
    total = float(course.total[-1])
    tag = total_tag(total, page.theme)
    if spec.capital:
        low, high = frames[0].low + spec.capital, frames[0].high + spec.capital
        frames[0] = replace(frames[0], low=low, high=high)
        tag = replace(tag, value=total + spec.capital, text=money(total + spec.capital))
    texts = [tag.text, *(text for frame in frames for text in figures_of(frame)[1])]
    right = WIDTH - max(width_of(text) for text in texts) - 2 * GAP - MARGIN / 2
    upper, lower = (
        replace(frame, right=right, slot=(right - MARGIN) / len(course.net)) for frame in frames
    )
    if spec.capital:
        _equity(page, upper, course, tag, spec)
    else:
        cumulative(page, upper, course, tag, spec.currency)
    drawdown(page, lower, course)
    axes.date_axis(page, [lower, upper], course.ts)


def _equity(page: Sheet, frame: Frame, course: Course, tag: Tag, spec: ReportSpec) -> None:
    """Capital and what was made of it; washed on the side of the capital it is on."""
    theme = page.theme
    edge = WIDTH - MARGIN / 2 - GAP
    y = frame.top + TITLE_ROW - ROW / 2
    page.write(edge, y, spec.currency, align="right", colour=theme.muted)
    panel_title(page, frame, "Equity at each session's close")
    x, _ = ends_of(frame, course.total)
    line = frame.y(np.concatenate(([0.0], course.total)) + spec.capital)
    start = float(frame.y(spec.capital))
    base = np.full(len(x), start)
    page.line((frame.left, frame.right), (start, start), theme.zero, width=3, z=2)
    page.area(x, base, np.maximum(line, start), theme.wash(theme.up, 0.2), inside=frame)
    page.area(x, np.minimum(line, start), base, theme.wash(theme.down, 0.2), inside=frame)
    page.line(x, line, theme.ink, width=4)
    page.dot(float(x[-1]), float(line[-1]), tag.colour, radius=9)
    axes.value_axis(page, frame, *figures_of(frame), [tag])


def _tables(tables: Sequence[Table], paper: Paper) -> list[Sheet]:
    """Each whole on a page."""
    pages: list[Sheet] = []
    top = 0.0
    for table in tables:
        if not pages or height_of(table) > top:
            pages.append(_page(paper))
            top = float(HEIGHT - MARGIN)
        draw_table(pages[-1], table, top)
        top -= height_of(table) + APART
    return pages
