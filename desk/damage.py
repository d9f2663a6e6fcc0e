"""Rows that cannot be read: told once each, with what stops and what to do; never deleted."""

from desk import notices
from desk.desk import Desk
from trading.damage import Damaged
from trading.errors import Refused
from trading.facts import Cursor, Lane
from trading.messages import bold, message
from trading.orders import DONE, Order

MARK = "damaged:"  # of the cursors that remember what was told
MOST = 5  # messages of one look; the log has every row

#: What a damaged row of each table stops, and all it stops.
STOPS = {
    "signals": "That signal is not shown and cannot be decided; the others can.",
    "orders": "That order is left as it is at the broker; look there.",
    "fills": "Positions, P&L and approvals are refused until then: each figure would be wrong. "
    "/halt and /squareoff work.",
    "requests": "What it asked for is not carried out: ask again.",
    "notices": "That message is not sent; the others are.",
    "pictures": "That picture is left out; its message comes without.",
    "runs": "That run is left out; the job's next ones come.",
    "pauses": "Its job counts as paused.",
    "marks": "P&L over that session is refused until then.",
    "latches": "Trading counts as halted; /halt writes it anew.",
    "clock_readings": "The demo's clock stands still.",
    "beats": "That process looks silent in /health.",
    "cursors": "What it remembers is read from the start again; nothing is booked twice.",
    "preferences": "What the settings say holds instead.",
    "listings": "No entry is approved until then, since it may be of the blacklist.",
    "members": "That person is not answered.",
    "invites": "That code lets nobody in.",
    "posts": "Its message is sent anew rather than edited.",
    "nonces": "That button does nothing: send the command again.",
}
STOPS["adjustments"] = STOPS["fills"]
MEND = (
    "Nothing was deleted. Stop Quarterdeck, then restore the newest backup that has it right, or "
    "correct the value in that row by hand."
)


async def report(desk: Desk, told: set[Damaged]) -> int:
    """Tell what this process has met and nobody has told; `told` is what it need not look at
    again. Returns how many were told."""
    count = 0
    for row in await desk.journal.mended():
        told.discard(row)
        async with desk.journal.transaction():
            if await desk.journal.remove(Cursor, name=_mark(row)):
                said = message(bold(f"{_title(row)} can be read again"))
                await notices.tell(desk, said, subject=_mark(row), topic="errors")
    for row in [row for row in desk.journal.damage if row not in told]:
        async with desk.journal.transaction():
            if count < MOST and await desk.journal.append([Cursor(_mark(row), str(row))]):
                count += 1
                said = message(bold(f"{_title(row)} cannot be read"), f"\n{_body(row)}")
                await notices.tell(
                    desk, said, lane=Lane.CRITICAL, subject=_mark(row), topic="errors"
                )
        if count < MOST:
            told.add(row)
    if count:
        await desk.bell.ring("postman")
    return count


def _mark(row: Damaged) -> str:
    return f"{MARK}{row.table}:{row.id}"


def _title(row: Damaged) -> str:
    return row.name[0].upper() + row.name[1:]


def _body(row: Damaged) -> str:
    about = ", ".join(
        f"{name} {row.known[name]}"
        for name in ("symbol", "strategy", "job", "verb", "name", "subject", "account")
        if row.known.get(name)
    )
    stops = STOPS.get(row.table, "")
    if row.table == "orders" and not _is_over(row):
        which = row.known.get("symbol") or "every instrument"
        stops = f"{stops} {which} takes no new order until then; other orders go on."
    return "\n".join(
        filter(None, (f"Its {row.field} {row.why}.", about and f"It is of {about}.", stops, MEND))
    )


def _is_over(row: Damaged) -> bool:
    return row.known.get("state") in DONE


async def check(desk: Desk, symbol: str) -> None:
    """Raises Refused where an order of this instrument that may still work cannot be read, or one
    of which not even the instrument can."""
    of_it = await desk.journal.damaged(Order, symbol=symbol)
    nameless = [
        row for row in desk.journal.damage if row.table == "orders" and "symbol" not in row.known
    ]
    for row in (*of_it, *nameless):
        if not _is_over(row):
            raise Refused(f"{row}; {symbol} takes no new order until that is mended")
