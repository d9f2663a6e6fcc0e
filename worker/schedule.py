"""The schedule: what has come due gets one row a run, and the heavy lane is rung for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from desk import digest, timetable
from desk.desk import Desk
from desk.squaring import JOB
from desk.timetable import Job
from trading.errors import DataError
from trading.facts import Pause, Run, RunState
from worker import telling

log = structlog.get_logger(__name__)
LOOK_BACK = timedelta(days=35)
WINDOWS = tuple(timedelta(hours=hours) for hours in (1, 26, 200, 840))
MOST = 20  # rows for runs that were missed; those before are not written down
CAUGHT_UP = 500  # runs made up for at most, at one look
BLIND = timedelta(hours=1)  # until a calendar that has ended is asked again
SWEEP = timedelta(seconds=5)  # of wall time, between looks for failed runs to try again
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Schedule:
    """One a process. Remembers when each job comes due next, so that a look at nothing costs no
    query; everything else is in the database."""

    desk: Desk
    _next: dict[tuple[str, str], datetime] = field(default_factory=dict, init=False)
    _swept: datetime | None = field(default=None, init=False)

    async def keep(self) -> None:
        """Make the rows, and wake the heavy lane for whatever waits or was left behind."""
        wall = self.desk.wall.now()
        if self._swept is None or wall - self._swept >= SWEEP:
            self._swept = wall
            await digest.place(self.desk)
            await self._try_again(wall)
        await self.look()
        states = (RunState.DUE, RunState.RUNNING)
        rows = await self.desk.journal.read(Run, state__in=states, job__not=JOB)
        if ready := ready_runs(rows, wall):
            await self.desk.bell.ring("heavy", [run.id for run in ready])

    async def look(self) -> list[Run]:
        """Rows for what has come due and has none yet; returns those to carry out."""
        now = self.desk.market.now()
        come = [
            job
            for job in self.desk.jobs.values()
            if job.enabled and self._next.get(_key(job), now) <= now
        ]
        if not come:
            return []
        pauses = await timetable.pauses(self.desk.journal)
        wanted: list[Run] = []
        for job in come:
            pause = pauses.get(job.name)
            try:
                wanted += await self._runs(job, now, pause)
                self._next[_key(job)] = job.when.next(now) or NEVER
            except DataError as error:  # job `calendar` tells it; the others go on
                log.warning("a job waits for its calendar", job=job.name, error=str(error))
                self._next[_key(job)] = now + BLIND
            if pause is not None and pause.covers(now):
                del self._next[_key(job)]  # a resume makes up for it at once
        return await self._record(wanted)

    async def _record(self, wanted: Sequence[Run]) -> list[Run]:
        if not wanted:
            return []
        async with self.desk.journal.transaction():
            new = await self.desk.journal.append(sorted(wanted, key=lambda run: run.due_at))
            await telling.tell_missed(self.desk, [r for r in new if r.state is RunState.MISSED])
        return [run for run in new if run.state is RunState.DUE]

    async def _runs(self, job: Job, now: datetime, pause: Pause | None) -> list[Run]:
        last = await self.desk.journal.first(
            Run, job=job.name, request_id__isnull=True, due_at__lte=now, order="-due_at"
        )
        if job.since is not None and (last is None or last.due_at < job.since):
            # Moved: what its new time would have made due before that was never wanted.
            dues = job.when.dues(max(job.since, now - LOOK_BACK), now, most=MOST)
            return [self._run(job, due, now, pause, latest=due == dues[-1]) for due in dues]
        if last is None:  # never before: begin with the latest, if it is not too late for that
            latest = _latest(job, now)
            fresh = latest and not job.is_stale(latest, now) and not _covers(pause, latest)
            return [Run(job.name, latest)] if latest and fresh else []
        since = max(last.due_at, now - LOOK_BACK)
        if not job.catch_up:
            dues = job.when.dues(since, now, most=MOST)
            return [self._run(job, due, now, pause, latest=due == dues[-1]) for due in dues]
        if _covers(pause, now):
            return []  # made up for once it is resumed
        dues = job.when.dues(since, now, most=CAUGHT_UP)
        return [self._run(job, due, now, None, latest=True) for due in dues]

    def _run(
        self, job: Job, due: datetime, now: datetime, pause: Pause | None, *, latest: bool
    ) -> Run:
        if pause is not None and pause.covers(due):
            return Run(job.name, due, RunState.MISSED, outcome=telling.PAUSED)
        if not latest:
            return Run(job.name, due, RunState.MISSED, outcome="late, and a newer one has come due")
        if job.is_stale(due, now):
            return Run(job.name, due, RunState.MISSED, outcome=telling.too_late(job, due, now))
        return Run(job.name, due)

    async def _try_again(self, wall: datetime) -> None:
        """Failed runs whose pause is over."""
        failed = await self.desk.journal.read(Run, state=RunState.FAILED, not_before__lte=wall)
        for run in failed:
            await self.desk.journal.move(run, state=RunState.DUE, not_before=None, started_at=None)


def ready_runs(rows: Sequence[Run], wall: datetime) -> list[Run]:
    """Of the runs due or running, those to start now: what waits, and what a worker left behind.
    Runs of one job go one after the other, oldest first."""
    taken = {
        run.job
        for run in rows
        if run.state is RunState.RUNNING and (run.leased_until is None or run.leased_until >= wall)
    }
    ready = []
    for run in rows:
        waits = run.not_before is not None and run.not_before > wall
        if run.job not in taken and not waits:
            taken.add(run.job)
            ready.append(run)
    return ready


def _latest(job: Job, now: datetime) -> datetime | None:
    for window in WINDOWS:
        if found := job.when.dues(now - window, now, most=1):
            return found[0]
    return None


def _key(job: Job) -> tuple[str, str]:
    """A job that is moved comes due anew."""
    return job.name, job.when.text


def _covers(pause: Pause | None, at: datetime) -> bool:
    return pause is not None and pause.covers(at)


async def due_runs(desk: Desk) -> list[Run]:
    """One look by somebody who remembers nothing."""
    return await Schedule(desk).look()
