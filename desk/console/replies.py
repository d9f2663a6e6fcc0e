"""Small forms that several answers share: tables that fit a phone, buttons that confirm."""

from collections.abc import Sequence

from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import Button

WIDTH = 34  # monospaced characters on a 360 px screen


def columns(rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Aligned text: the first `left` columns to the left, figures to the right."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(" ".join(cells).rstrip())
    return "\n".join(lines)


def confirm(label: str, verb: str, *args: str) -> list[list[Button]]:
    """The second press of a step that is asked twice."""
    return [
        [
            Button(label, verb, (*args, "yes"), style="danger"),
            Button("Cancel", "dismiss", style=""),
        ]
    ]


def number(request: Request, verb: str) -> int:
    """The signal number a command names. Raises BadCommand showing how."""
    if not request.args:
        raise BadCommand(f"which signal? For example: /{verb} 17. /signals lists those waiting")
    text = request.args[0].lstrip("#")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadCommand(f"{request.args[0][:20]!r} is no signal number; for example: /{verb} 17")
    return int(text)


def operator(request: Request) -> str:
    return f"operator:{request.operator}"


def turns(verb: str, page: int, pages: int, *args: str) -> list[list[Button]]:
    """The buttons that show the page before and the one after; none where there is one page."""
    shown = [
        Button(label, verb, (*args, str(to)), once=False)
        for label, to in (("‹ Back", page - 1), ("More ›", page + 1))
        if 1 <= to <= pages
    ]
    return [shown] if shown else []


def page_of(request: Request, position: int) -> int:
    """The page a request names at `position`; the first where it names none."""
    args = request.args
    if len(args) > position and args[position].isascii() and args[position].isdigit():
        return int(args[position][:6])
    return 1
