"""How a comparison with the brokers reads: the alarm, the pages of /reconcile, their buttons."""

from collections.abc import Sequence

from desk import notices, reconcile, wording
from desk.console.replies import WIDTH, columns, turns
from desk.desk import Desk
from desk.differences import ADOPT, CLOSE, IGNORE, Difference, Shift, Stray, code, ordered
from desk.reconcile import Reading
from desk.wording import capital, number_of
from trading.facts import Lane
from trading.messages import Button, Message, Span, bold, message, table

MEMORY = "reconcile:told"  # the cursor that holds what was told last
PAGE = 6  # differences in one message, each with its buttons
LABEL = {ADOPT: "Adopt", IGNORE: "Ignore", CLOSE: "Close"}
MEANING = {
    ADOPT: "Adopt: our books take the broker's figure.",
    IGNORE: "Ignore: it is not told again.",
}
CLOSES = {
    Shift: "Close: the surplus is traded away at the broker.",
    Stray: "Close: the broker cancels its order.",
}


async def tell(desk: Desk, reading: Reading) -> bool:
    """Tell every operator where there is a difference that was not told yet, or none any more.
    Returns whether something was told. A broker that was away keeps what was told of it."""
    async with desk.journal.transaction():
        before, after = await note(desk, reading)
        if not after.keys() - before.keys() and (after or not before):
            return False
        if reading.open:
            await notices.tell(desk, shown(desk, reading), lane=Lane.CRITICAL)
        else:
            title = "The brokers' books agree with ours again"
            await notices.tell(desk, message(bold(title), f"\n{summary(desk, reading)}."))
    await desk.bell.ring("postman")
    return True


async def note(desk: Desk, reading: Reading) -> tuple[dict[str, str], dict[str, str]]:
    """Remember what is told; what was told before and what is now, each the broker by the
    difference's code. Call it in the transaction that tells."""
    before: dict[str, str] = await reconcile.kept(desk, MEMORY)
    after = {one: name for one, name in before.items() if name not in reading.asked}
    after |= {code(one): one.broker for one in ordered(reading.open)}
    await reconcile.forget_ignored(desk, reading)
    if after != before:
        await reconcile.write(desk, MEMORY, after)
    return before, after


def summary(desk: Desk, reading: Reading) -> str:
    """ "3 positions, 1 open order, checked 14:05 New York"."""
    parts = [
        number_of(reading.positions, "position"),
        number_of(reading.orders, "open order"),
    ]
    if reading.booked:
        parts.append(f"{number_of(reading.booked, 'fill')} booked just now")
    at = desk.local(reading.at)
    parts.append(f"checked {at:%H:%M} {wording.place(desk.calendar.zone)}")
    return ", ".join(parts)


def shown(
    desk: Desk, reading: Reading, *, page: int | None = None, title: str = "", advice: str = ""
) -> Message:
    """An alarm without a `page`: what is open, the first of it. With one, what /reconcile shows
    there: what is ignored too. `title` and `advice` stand above and below it."""
    listed = ordered(reading.open)
    if page is not None:
        listed += ordered(reading.ignored)
    if not listed and not reading.away:
        return message(bold(title or "All agree"), f": {summary(desk, reading)}.")
    pages = max(1, -(-len(listed) // PAGE))
    at = min(max(page or 1, 1), pages)
    rows = listed[(at - 1) * PAGE : at * PAGE]
    first = (at - 1) * PAGE + 1
    numbers = [f"{n} " if len(listed) > 1 else "" for n in range(first, first + len(rows))]
    parts: list[str | Span] = [bold(title), "\n"] if title else []
    parts += _described(list(zip(numbers, rows, strict=True)), reading)
    left = len(listed) - len(rows)
    if left and page is None:
        parts.append(f"… and {left} more: /reconcile shows {'it' if left == 1 else 'them'}.\n")
    if reading.away:
        parts += [bold("Not every broker could be asked"), "\n"]
        parts += [f"{capital(reason)}.\n" for reason in reading.away]
    parts.append(f"{capital(summary(desk, reading))}.")
    parts += [f"\nPage {at} of {pages}."] if page is not None and pages > 1 else []
    parts += [f"\n{line}" for line in _meanings(rows)]
    parts += [f"\n{advice}"] if advice else []
    buttons = [_acts(n, row, reading) for n, row in zip(numbers, rows, strict=True)]
    if page is not None:
        buttons += turns("reconcile", at, pages)
    return message(*parts, buttons=buttons)


def _meanings(rows: Sequence[Difference]) -> list[str]:
    """What the buttons that are offered do."""
    offered = {act for row in rows for act in row.acts}
    closing = {type(row) for row in rows if CLOSE in row.acts}
    lines = [text for act, text in MEANING.items() if act in offered]
    return lines + [text for kind, text in CLOSES.items() if kind in closing]


def _acts(number: str, row: Difference, reading: Reading) -> list[Button]:
    acts = [act for act in row.acts if not (act == IGNORE and row in reading.ignored)]
    return [
        Button(f"{number}{LABEL[act]}", "reconcile", (act, *row.words), once=False) for act in acts
    ]


def _described(rows: Sequence[tuple[str, Difference]], reading: Reading) -> list[str | Span]:
    """Broker by broker: positions as a table where it fits a phone, orders as sentences."""
    parts: list[str | Span] = []
    for broker in dict.fromkeys(row.broker for _, row in rows):
        mine = [(number, row) for number, row in rows if row.broker == broker]
        quiet = all(row in reading.ignored for _, row in mine)
        parts += [bold(f"Our books and {broker}'s differ{', ignored' if quiet else ''}"), "\n"]
        shifts = [(number, row) for number, row in mine if isinstance(row, Shift)]
        if shifts:
            parts += _positions(broker, shifts)
        for number, row in mine:
            if not isinstance(row, Shift):
                parts.append(_sentence(number, row))
        silent = [(n.strip() or row.symbol) for n, row in mine if row in reading.ignored]
        if silent and not quiet:
            parts.append(f"Ignored: {', '.join(silent)}.\n")
    return parts


def _positions(broker: str, rows: Sequence[tuple[str, Shift]]) -> list[str | Span]:
    lines = [("", broker[:10], "ours")]
    lines += [
        (number + row.symbol[:10], wording.quantity(row.theirs), wording.quantity(row.ours))
        for number, row in rows
    ]
    said = columns(lines)
    if max(map(len, said.splitlines())) <= WIDTH:
        return [table(said), "\n"]
    return [_sentence(number, row) for number, row in rows]


def _sentence(number: str, row: Difference) -> str:
    return f"{number}· {row.text}.\n" if number else f"{wording.capital(row.text)}.\n"
