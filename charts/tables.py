"""Tables on a printed page: rows of texts, and years by months in colour."""

from collections.abc import Sequence
from itertools import groupby

from charts.axes import GAP, MARGIN
from charts.calendar import Scale
from charts.dates import MONTHS
from charts.scale import MINUS, figure, money, short
from charts.sheet import Rect, Sheet, fitted, width_of
from charts.specs import Table
from charts.specs.heading import Month

TEXT = 30  # px: 8.7 points on A4
LINE = 44  # px of a row
HEAD = 60  # px of a title
MOST_YEARS = 12  # of the table of months, the last ones
YEAR, TOTAL = 100, 250  # px of the first and the last column
CELL = 27  # px of a month's figure


def height_of(table: Table) -> float:
    return HEAD + (1 + max(1, len(table.rows)) + bool(table.note)) * LINE


def draw_table(page: Sheet, table: Table, top: float) -> None:
    """From `top` down, over the whole width."""
    theme = page.theme
    y = _title(page, table.title, top)
    lefts, rights = _columns(page, table)
    for c, name in enumerate(table.columns):
        _cell(page, lefts[c], rights[c], y, name, first=c == 0, colour=theme.muted)
    for row in table.rows:
        y -= LINE
        _rule(page, y + LINE / 2)
        for c, text in enumerate(row):
            _cell(page, lefts[c], rights[c], y, text, first=c == 0, colour=tint(page, text))
    if not table.rows:
        y -= LINE
        page.write(MARGIN, y, "none in this period", size=TEXT, colour=theme.muted)
    if table.note:
        note = fitted(table.note, page.width - 2 * MARGIN, TEXT)
        page.write(MARGIN, y - LINE, note, size=TEXT, colour=theme.muted)


def tint(page: Sheet, text: str) -> str:
    """Blue for a text that begins with +, orange for one that begins with −, else ink."""
    theme = page.theme
    return {"+": theme.up, MINUS: theme.down, "-": theme.down}.get(text[:1], theme.ink)


def _columns(page: Sheet, table: Table) -> tuple[list[float], list[float]]:
    """Each column's left and right: as wide as its texts, what is left over shared evenly; where
    they are too wide, the widest give way."""
    room = page.width - 2 * MARGIN
    texts = list(zip(table.columns, *table.rows, strict=True))
    wide = [max(width_of(text, TEXT) for text in column) + 2 * GAP for column in texts]
    while sum(wide) > room + 0.5:
        widest = max(wide)
        second = max((w for w in wide if w < widest), default=0.0)
        many = wide.count(widest)
        cut = max(second, widest - (sum(wide) - room) / many)
        wide = [cut if w == widest else w for w in wide]
    spare = (room - sum(wide)) / len(wide)
    rights, x = [], float(MARGIN)
    for w in wide:
        x += w + spare
        rights.append(x)
    lefts = [
        float(MARGIN),
        *(right - w + GAP for right, w in zip(rights[1:], wide[1:], strict=True)),
    ]
    rights[0] = MARGIN + wide[0] + spare - GAP
    return lefts, rights


def _cell(
    page: Sheet, left: float, right: float, y: float, text: str, *, first: bool, colour: str
) -> None:
    text = fitted(text, right - left + 1, TEXT)
    if first:
        page.write(left, y, text, size=TEXT, colour=colour)
    else:
        page.write(right, y, text, size=TEXT, align="right", colour=colour)


def _title(page: Sheet, title: str, top: float) -> float:
    """Returns the height of the first row's middle."""
    page.write(
        MARGIN, top - 24, fitted(title, page.width - 2 * MARGIN, 36, True), size=36, bold=True
    )
    return top - HEAD - LINE / 2


def _rule(page: Sheet, y: float) -> None:
    page.line((MARGIN, page.width - MARGIN), (y, y), page.theme.grid, width=2, z=1)


def height_of_months(months: Sequence[Month]) -> float:
    years = len({month[:4] for month, _ in months})
    return HEAD + (1 + min(years, MOST_YEARS)) * LINE


def draw_months(page: Sheet, months: Sequence[Month], currency: str, top: float) -> None:
    """A row a year, the latest last: each month's net in its colour, and the year's."""
    theme = page.theme
    y = _title(page, f"Net P&L by month, {currency}", top)
    wide = (page.width - 2 * MARGIN - YEAR - TOTAL) / 12
    left = MARGIN + YEAR
    edge = page.width - MARGIN
    for c, name in enumerate(MONTHS):
        x = left + (c + 0.5) * wide
        page.write(x, y, name, size=TEXT, align="center", colour=theme.muted)
    page.write(edge, y, "year", size=TEXT, align="right", colour=theme.muted)
    rows = [(year, dict(part)) for year, part in groupby(sorted(months), key=lambda m: m[0][:4])]
    shown = rows[-MOST_YEARS:]
    amounts = [abs(float(net)) for _, nets in shown for net in nets.values()]
    scale = Scale(theme, max(amounts, default=0.0) or 1.0)
    cells: list[tuple[Rect, str]] = []
    for year, nets in shown:
        y -= LINE
        page.write(MARGIN, y, year, size=TEXT)
        for c in range(12):
            net = nets.get(f"{year}-{c + 1:02}")
            fill = theme.wash(theme.grid, 0.4) if net is None else scale.fill(float(net))
            x = left + c * wide
            cells.append((Rect(x + 2, y - LINE / 2 + 2, x + wide - 2, y + LINE / 2 - 2), fill))
            if net is not None:
                colour, middle = theme.on(fill), x + wide / 2
                text = short(float(net))
                page.write(middle, y, text, size=CELL, align="center", colour=colour)
        whole = sum(float(net) for net in nets.values())
        total = figure(whole, 2, signed=True) if abs(whole) < 1e7 else money(whole, signed=True)
        page.write(edge, y, total, size=TEXT, bold=True, align="right", colour=tint(page, total))
    page.tiles(cells)
