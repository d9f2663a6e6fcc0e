"""The schedule: jobs due relative to a session, one unique row a run, all in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from desk.desk import Desk
from desk.marks import last_marked
from desk.squareoff import JOB
from trading.facts import Run, RunState
from trading.ports import Session

CATCH_UP = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Job:
    """Due `after` a session's close. `every` session is caught up; otherwise only the latest."""

    name: str
    after: timedelta
    every: bool


def jobs(desk: Desk) -> list[Job]:
    scans = [Job(f"scan:{name}", timedelta(minutes=5), every=False) for name in desk.plans]
    return [
        Job("mark", timedelta(minutes=2), every=True),
        *scans,
        Job("prune", timedelta(minutes=20), every=False),
    ]


async def due_runs(desk: Desk) -> list[Run]:
    """Rows for what has come due and has none yet; returns the new ones.

    P&L is saved for each session missed, since a curve has no holes; an entry scan of a session
    that is past would propose on old bars, so only the latest is made up for.
    """
    now = desk.market.now()
    latest = desk.calendar.last_closed(now)
    wanted = []
    for job in jobs(desk):
        sessions: Sequence[Session] = [latest]
        if job.every:
            marked = await last_marked(desk)
            first = max(marked, (now - CATCH_UP).date()) if marked else latest.day
            sessions = [s for s in desk.calendar.sessions(first, latest.day) if s.close <= now]
        dues = [s.close + job.after for s in sessions if s.close + job.after <= now]
        known = await desk.journal.read(Run, job=job.name, due_at__in=tuple(dues))
        there = {run.due_at for run in known}
        wanted += [Run(job.name, due) for due in dues if due not in there]
    return await desk.journal.append(wanted)


async def keep(desk: Desk) -> None:
    """Make the rows, and wake the heavy lane for whatever waits or was left behind."""
    await due_runs(desk)
    waiting = await desk.journal.read(Run, state=RunState.DUE, job__not=JOB)
    left = await desk.journal.read(Run, state=RunState.RUNNING, leased_until__lt=desk.wall.now())
    if waiting or left:
        await desk.bell.ring("heavy", [run.id for run in (*waiting, *left)])
