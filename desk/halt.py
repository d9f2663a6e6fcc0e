"""The latches: halting is one step and committed by the door itself; loosening is asked twice.

There is one over the desk and one for each strategy and broker that somebody ever halted; the
tightest of those over an order holds.
"""

from collections.abc import Iterable
from datetime import datetime

from desk.desk import Desk
from desk.scope import Kind, Scope, of_key
from trading.errors import DamagedRow, DeskError
from trading.facts import Latch, Trading
from trading.orders import Order
from trading.ports import Journal

DESK = "desk"  # the scope of the latch over everything
TIGHTEST = (Trading.HALTED, Trading.REDUCING, Trading.ACTIVE)


def of_strategy(name: str) -> str:
    return f"strategy:{name}"


def of_broker(name: str) -> str:
    return f"broker:{name}"


def tightest(states: Iterable[Trading]) -> Trading:
    return min(states, key=TIGHTEST.index, default=Trading.ACTIVE)


def scopes(desk: Desk) -> tuple[str, ...]:
    """What can be halted besides everything: the keys of the strategies and brokers there are."""
    own = [*map(of_strategy, desk.plans), *map(of_broker, desk.brokers)]
    return tuple(dict.fromkeys([*own, *desk.scopes]))


async def trading_state(desk: Desk, strategy: str = "", broker: str = "") -> Trading:
    """The tightest of the latches over an order of that strategy at that broker; without them,
    over the desk alone."""
    over = {DESK, of_strategy(strategy), of_broker(broker)}
    rows = await desk.journal.read(Latch)  # all: one that cannot be read may be any
    return tightest(row.state for row in rows if row.name in over)


async def in_force(desk: Desk) -> list[Latch]:
    """Every latch that is not open, the desk's first."""
    rows = await desk.journal.read(Latch, state__not=Trading.ACTIVE)
    return sorted(rows, key=lambda row: (row.name != DESK, row.name))


def goes(order: Order, state: Trading) -> bool:
    """Whether a planned order may be sent while trading over it is in that state."""
    if order.purpose == "squareoff" or state is Trading.ACTIVE:
        return True
    return state is Trading.REDUCING and order.reduce_only


async def latch(
    journal: Journal,
    state: Trading,
    *,
    by: str,
    reason: str,
    at: datetime | None,
    scope: str = DESK,
    tighten: bool = False,
) -> Latch:
    """Set the latch of the desk, or of `of_strategy(…)` or `of_broker(…)`; with `tighten` one that
    is tighter stays as it is. Joins the caller's transaction, so a door can halt as it records."""
    async with journal.transaction():
        try:
            rows = await journal.read(Latch)
        except DamagedRow:
            if state is not Trading.HALTED:
                raise
            torn = await journal.damaged(Latch)  # a halt needs nothing of what they said
            await journal.remove(Latch, id__in=tuple(one.id for one in torn))
            rows = await journal.read(Latch)
            if scope != DESK:  # what was torn may have held everything
                await _set(journal, rows, DESK, state, by, "a latch could not be read", at)
                rows = await journal.read(Latch)
        row = next((row for row in rows if row.name == scope), None)
        if tighten and row is not None and tightest((row.state, state)) is not state:
            return row
        return await _set(journal, rows, scope, state, by, reason, at)


async def _set(
    journal: Journal,
    rows: Iterable[Latch],
    scope: str,
    state: Trading,
    by: str,
    reason: str,
    at: datetime | None,
) -> Latch:
    row = next((row for row in rows if row.name == scope), None)
    if row is None:
        await journal.append([Latch(scope)])
        row = await journal.first(Latch, name=scope)
    assert row is not None
    moved = await journal.move(row, state=state, by=by, reason=reason, at=at)
    if moved is None:
        raise DeskError("the halt latch was being changed by somebody else; press again")
    return moved


def what(name: str) -> str:
    """ "Trading", "Strategy dip", "Broker paper": the latch of that name as a sentence begins."""
    scope = of_key(name)
    return "Trading" if scope.kind is Kind.DESK else f"{scope.kind.value.capitalize()} {scope.name}"


def who(desk: Desk, row: Latch) -> str:
    """ "Ann", "command line"; "" where nobody is named."""
    kind, _, number = row.by.partition(":")
    return desk.operator_name(int(number)) if number.isdigit() else kind


def said(desk: Desk, row: Latch) -> str:
    """ "Strategy dip is halted by Ann"."""
    by = who(desk, row)
    return f"{what(row.name)} is {row.state.value}{' by ' + by if by else ''}"


def resumes(name: str) -> str:
    """ "/resume", "/resume dip"."""
    scope = of_key(name)
    return "/resume" if scope == Scope() else f"/resume {scope.name}"
