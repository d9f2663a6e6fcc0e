"""The latch: halting is one step and committed by the door itself; loosening is asked twice."""

from datetime import datetime

from trading.errors import DeskError
from trading.facts import Latch, Trading
from trading.ports import Journal


async def latch(
    journal: Journal, state: Trading, *, by: str, reason: str, at: datetime | None
) -> Latch:
    """Set the latch. Joins the caller's transaction, so a door can halt as it records."""
    async with journal.transaction():
        row = await journal.first(Latch, name="desk")
        if row is None:
            await journal.append([Latch()])
            row = await journal.first(Latch, name="desk")
        assert row is not None
        moved = await journal.move(row, state=state, by=by, reason=reason, at=at)
    if moved is None:
        raise DeskError("the halt latch was being changed by somebody else; press again")
    return moved
