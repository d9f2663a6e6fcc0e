"""The latch: halting is one step and committed by the door itself; loosening is asked twice."""

from collections.abc import Iterable
from datetime import datetime

from desk.desk import Desk
from trading.errors import DamagedRow, DeskError
from trading.facts import Latch, Trading
from trading.ports import Journal

DESK = "desk"  # the scope of the latch over everything
TIGHTEST = (Trading.HALTED, Trading.REDUCING, Trading.ACTIVE)


def of_strategy(name: str) -> str:
    return f"strategy:{name}"


def of_broker(name: str) -> str:
    return f"broker:{name}"


def tightest(states: Iterable[Trading]) -> Trading:
    return min(states, key=TIGHTEST.index, default=Trading.ACTIVE)


async def trading_state(desk: Desk, strategy: str = "", broker: str = "") -> Trading:
    """The tightest of the latches over an order of that strategy at that broker; without them,
    over the desk alone."""
    scopes = {DESK, of_strategy(strategy), of_broker(broker)}
    rows = await desk.journal.read(Latch)  # all: one that cannot be read may be any
    return tightest(row.state for row in rows if row.name in scopes)


async def latch(
    journal: Journal,
    state: Trading,
    *,
    by: str,
    reason: str,
    at: datetime | None,
    scope: str = DESK,
) -> Latch:
    """Set the latch of the desk, or of `of_strategy(…)` or `of_broker(…)`. Joins the caller's
    transaction, so a door can halt as it records."""
    async with journal.transaction():
        try:
            rows = await journal.read(Latch)
        except DamagedRow:
            if state is not Trading.HALTED:
                raise
            torn = await journal.damaged(Latch)  # a halt needs nothing of what they said
            await journal.remove(Latch, id__in=tuple(one.id for one in torn))
            rows = await journal.read(Latch)
        row = next((row for row in rows if row.name == scope), None)
        if row is None:
            await journal.append([Latch(scope)])
            row = await journal.first(Latch, name=scope)
        assert row is not None
        moved = await journal.move(row, state=state, by=by, reason=reason, at=at)
    if moved is None:
        raise DeskError("the halt latch was being changed by somebody else; press again")
    return moved
