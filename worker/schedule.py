"""The schedule: jobs due relative to a session, one unique row a run, all in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.desk import NOTICE, Desk, Plan
from desk.marks import last_marked
from desk.propose import SAME_DAY
from desk.squareoff import JOB
from market.resample import completed
from trading.facts import Run, RunState
from trading.ports import Session
from trading.types import Holding, Moment

CATCH_UP = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Job:
    """Due `after` a session's open or close. `every` session is caught up; otherwise only the
    latest, and that only `within` a time of being due, where there is one."""

    name: str
    after: timedelta
    every: bool = False
    of: Moment = Moment.CLOSE
    timeframe: str = "1d"  # due with the session that completes such a bar
    within: timedelta | None = None

    def due(self, session: Session) -> datetime:
        return (session.open if self.of is Moment.OPEN else session.close) + self.after


def jobs(desk: Desk) -> list[Job]:
    plans = desk.plans.values()
    return [
        Job("mark", timedelta(minutes=2), every=True),
        *(_scan(plan) for plan in plans),
        *(_leave(plan) for plan in plans if plan.holds is Holding.SESSION),
        Job("prune", timedelta(minutes=20)),
    ]


def _scan(plan: Plan) -> Job:
    """At the open while what is decided there can still be carried out; or after the close."""
    name = f"scan:{plan.strategy}"
    if plan.decides is Moment.OPEN:
        return Job(name, timedelta(0), of=Moment.OPEN, within=SAME_DAY)
    return Job(name, timedelta(minutes=5), timeframe=plan.timeframe)


def _leave(plan: Plan) -> Job:
    """Made up for however late: a position that should be closed is not forgotten."""
    return Job(f"leave:{plan.strategy}", -NOTICE)


async def due_runs(desk: Desk) -> list[Run]:
    """Rows for what has come due and has none yet; returns the new ones.

    P&L is saved for each session missed, since a curve has no holes; an entry scan of a session
    that is past would propose on old bars, so only the latest is made up for.
    """
    now = desk.market.now()
    wanted = []
    for job in jobs(desk):
        dues = [job.due(session) for session in await _sessions(desk, job)]
        known = await desk.journal.read(Run, job=job.name, due_at__in=tuple(dues))
        there = {run.due_at for run in known}
        wanted += [
            Run(job.name, due)
            for due in dues
            if due not in there and (job.within is None or now - due <= job.within)
        ]
    return await desk.journal.append(wanted)


async def _sessions(desk: Desk, job: Job) -> Sequence[Session]:
    """Those for which the job has come due: each one missed, or the latest."""
    now = desk.market.now()
    latest = desk.calendar.last_closed(now)
    if job.every:
        marked = await last_marked(desk)
        first = max(marked, (now - CATCH_UP).date()) if marked else latest.day
        return [s for s in desk.calendar.sessions(first, latest.day) if job.due(s) <= now]
    current = desk.calendar.session_at(now)
    come = [s for s in (latest, current) if s is not None and job.due(s) <= now]
    return [s for s in come[-1:] if completed(job.timeframe, s, desk.calendar)]


async def keep(desk: Desk) -> None:
    """Make the rows, and wake the heavy lane for whatever waits or was left behind."""
    await due_runs(desk)
    waiting = await desk.journal.read(Run, state=RunState.DUE, job__not=JOB)
    left = await desk.journal.read(Run, state=RunState.RUNNING, leased_until__lt=desk.wall.now())
    if waiting or left:
        await desk.bell.ring("heavy", [run.id for run in (*waiting, *left)])
