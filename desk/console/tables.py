"""Tables of figures that fit a phone: at most 34 characters, aligned, paged by buttons."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import TypeVar

from desk import wording
from desk.console.replies import WIDTH, columns
from trading.messages import Button, Span, table

T = TypeVar("T")
Row = tuple[str, Sequence[Decimal | None]]  # None: not known
ROWS = 12  # of a page
NONE = "–"  # in place of a figure that is not known or not defined


def figures(head: Sequence[str], rows: Sequence[Row]) -> Span:
    """Labels, and signed amounts to the cent; to the unit, then in thousands, where that would be
    too wide. The labels give way last."""
    for say in _PLACES:
        lines = [tuple(head), *((label, *map(say, values)) for label, values in rows)]
        if max(map(len, columns(lines).splitlines())) <= WIDTH:
            break
    return narrow(lines)


def _cents(value: Decimal | None) -> str:
    return NONE if value is None else wording.signed(value)


def _units(value: Decimal | None) -> str:
    return NONE if value is None else wording.signed(value, 0)


def _thousands(value: Decimal | None) -> str:
    if value is None:
        return NONE
    text = wording.short(value)
    return text if value <= 0 else "+" + text


_PLACES: Sequence[Callable[[Decimal | None], str]] = (_cents, _units, _thousands)


def narrow(rows: Sequence[Sequence[str]], *, left: int = 1) -> Span:
    """A table no wider than a phone: the first column gives way."""
    others = sum(1 + max(len(row[i]) for row in rows) for i in range(1, len(rows[0])))
    room = max(WIDTH - others, 1)
    cut = [(row[0] if len(row[0]) <= room else row[0][: room - 1] + "…", *row[1:]) for row in rows]
    return table(columns(cut, left=left))


def ledger(rows: Sequence[tuple[str, str]]) -> Span:
    """Names to the left, figures to the right, over the whole width."""
    lines = []
    for name, figure in rows:
        room = max(WIDTH - len(figure) - 1, 1)
        cut = name if len(name) <= room else name[: room - 1] + "…"
        lines.append(f"{cut.ljust(room)} {figure}")
    return table("\n".join(lines))


def folded(head: str, text: str) -> list[str]:
    """One line that begins with `head`; what is too wide goes on under the text."""
    indent = " " * (len(head) + 1)
    return wrap(text, WIDTH, initial_indent=f"{head} ", subsequent_indent=indent)


def paged(rows: Sequence[T], page: int, size: int = ROWS) -> tuple[Sequence[T], int, int]:
    """The rows of one page, which page that is, and how many there are; a page that is none is the
    nearest there is."""
    pages = max(1, -(-len(rows) // size))
    shown = min(max(page, 1), pages)
    return rows[(shown - 1) * size : shown * size], shown, pages


def turns(verb: str, shown: int, pages: int, *args: str) -> list[list[Button]]:
    """The buttons that show the page before and the one after; none where there is one page."""
    buttons = [
        Button(label, verb, (*args, f"p{to}"), once=False)
        for label, to in (("‹ Back", shown - 1), ("More ›", shown + 1))
        if 1 <= to <= pages
    ]
    return [buttons] if buttons else []


def at_page(shown: int, pages: int) -> str:
    return f"Page {shown} of {pages}\n" if pages > 1 else ""
