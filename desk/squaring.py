"""Squaring: which square-offs are under way, and what they keep from being sent."""

from desk.desk import Desk
from desk.scope import ALL, Scope, of_key
from trading.facts import Run, RunState
from trading.orders import Order

JOB = "squareoff"
UNDER_WAY = (RunState.DUE, RunState.RUNNING)


def scope_of(run: Run) -> Scope:
    return of_key(str(run.args.get("scope", ALL.key)))


def is_latched(run: Run) -> bool:
    """Whether it halted its scope, or locked it; one of the schedule does neither for good."""
    return bool(run.args.get("latched", True))


async def under_way(desk: Desk) -> list[Run]:
    return await desk.journal.read(Run, job=JOB, state__in=UNDER_WAY)


async def keeps_out(desk: Desk, order: Order) -> bool:
    """Whether a square-off under way keeps that order from being sent."""
    if order.purpose == JOB:
        return False
    return any(scope_of(run).covers(order) for run in await under_way(desk))
