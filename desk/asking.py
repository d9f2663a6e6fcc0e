"""Runs that somebody asked for, besides the schedule."""

from dataclasses import replace
from datetime import timedelta

from desk.desk import Desk
from trading.facts import Run, RunState

UNDER_WAY = (RunState.DUE, RunState.RUNNING)
TICK = timedelta(microseconds=1)
MOMENT = timedelta(milliseconds=1)


async def ask(desk: Desk, run: Run) -> Run | None:
    """Record one; None while another of the same job and moment is under way. A clock that is
    held shows one moment for long, so a run after the first is due a microsecond later."""
    others = await desk.journal.read(
        Run, job=run.job, due_at__gte=run.due_at, due_at__lt=run.due_at + MOMENT
    )
    if any(other.state in UNDER_WAY for other in others):
        return None
    due = max((other.due_at + TICK for other in others), default=run.due_at)
    made = await desk.journal.append([replace(run, due_at=due)])
    return made[0] if made else None
