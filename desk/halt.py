"""The latch: halting is one step and committed by the door itself; loosening is asked twice."""

from datetime import datetime

from trading.errors import DamagedRow, DeskError
from trading.facts import Latch, Trading
from trading.ports import Journal


async def latch(
    journal: Journal, state: Trading, *, by: str, reason: str, at: datetime | None
) -> Latch:
    """Set the latch. Joins the caller's transaction, so a door can halt as it records."""
    async with journal.transaction():
        try:
            row = await journal.first(Latch)
        except DamagedRow:
            if state is not Trading.HALTED:
                raise
            await journal.remove(Latch)  # written anew: a halt needs nothing of what it said
            row = None
        if row is None:
            await journal.append([Latch()])
            row = await journal.first(Latch)
        assert row is not None
        moved = await journal.move(row, state=state, by=by, reason=reason, at=at)
    if moved is None:
        raise DeskError("the halt latch was being changed by somebody else; press again")
    return moved
