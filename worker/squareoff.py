"""The job that squares one strategy off before the close."""

from desk import locks, squareoff
from desk.desk import Desk
from desk.scope import Kind, Scope
from trading.errors import DamagedRow
from trading.facts import Run
from trading.orders import WORKING, Order
from worker.research import Research

BY = "schedule"


async def square_off(desk: Desk, _: Research, claimed: Run) -> str:
    """Begin it; the fast worker's rounds carry it out. Nothing is halted, so that the next session
    trades: entries wait while it is under way, and are locked until the close."""
    strategy = claimed.job.partition(":")[2]
    scope = Scope(Kind.STRATEGY, strategy)
    session = desk.calendar.session_at(desk.market.now())
    if session is not None:
        await locks.add(desk, scope.key, session.close, "squared off before the close", BY)
    if not await _has(desk, strategy):
        return f"{strategy}: nothing to close"
    run = await squareoff.begin(desk, scope, by=BY, latched=False)
    await desk.bell.ring("orders", [run.id])
    return f"{strategy}: square-off {run.id} begun"


async def _has(desk: Desk, strategy: str) -> bool:
    if await desk.journal.count(Order, strategy=strategy, state__in=tuple(WORKING)):
        return True
    try:
        return any(position.quantity for position in (await desk.books.ledger()).held(strategy))
    except DamagedRow:
        return True
