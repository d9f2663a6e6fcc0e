"""Running: one run is carried out once, under a lease that is extended while it works."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from desk import crew
from desk.desk import Desk
from desk.timetable import LIMIT, Job
from trading.errors import BrokerError, JournalError, QuarterdeckError
from trading.facts import Run, RunState
from worker import telling
from worker.timing import span

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=1)
PAUSE = timedelta(seconds=5)  # before a run that met a broker or database away is tried again
PATIENCE = timedelta(minutes=10)  # then it has failed
MOST_STARTS = 3  # of one run whose workers die over it
#: Before a failed run of a job that catches up is tried again, failure by failure.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 240))

Work = Callable[[Run], Awaitable[str]]


class LeaseLost(Exception):
    """Somebody else has taken the run over; what this one comes to does not count."""


@dataclass(frozen=True, slots=True)
class End:
    state: RunState  # DUE: to be tried again in a moment
    outcome: str
    advice: str = ""  # of a failure, where the outcome does not say what to do


async def carry(
    desk: Desk,
    run_id: int,
    work: Work,
    *,
    every: float = LEASE.total_seconds() / 3,
    rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Carry out one run, once; an early, doubled or ancient call is a no-op. The lease is extended
    `every` so many seconds of the machine. What was done while the database went away is recorded
    when it is back; `rest` waits for it, in wall seconds."""
    await desk.market.refresh()
    await crew.muster(desk)
    found = await desk.journal.first(Run, id=run_id)
    if found is None or not await _is_open(desk, found):
        return
    verdict = _verdict(desk, found)
    if verdict is not None:
        await _finish(desk, found, verdict)
        return
    claimed = await desk.journal.move(
        found,
        state=RunState.RUNNING,
        started_at=found.started_at or desk.wall.now(),
        leased_until=desk.wall.now() + LEASE,
        not_before=None,
        starts=found.starts + 1,
    )
    if claimed is None:
        return
    if late := _too_late(desk, claimed):
        await _finish(desk, claimed, End(RunState.FAILED, f"its worker stood still: {late}"))
        return
    hold = _Hold(desk, claimed)
    try:
        end = await hold.attempt(work, every)
    except asyncio.CancelledError:  # the process ends in order: the run waits for the next one
        with suppress(JournalError):  # or for its lease to end
            await _hand_back(desk, hold.row)
        raise
    if end is None:
        log.warning("a run was taken over by another", job=claimed.job, run=run_id)
        return
    while True:
        try:
            await _finish(desk, hold.row, end)
            return
        except JournalError:  # nobody else can take the run either
            await rest(PAUSE.total_seconds())


async def _hand_back(desk: Desk, held: Run) -> None:
    """Another worker may start it at once. Looked at again where an extension of the lease that
    was cut short has gone through after all."""
    for row in (held, await desk.journal.first(Run, id=held.id)):
        if row is None or (row.state, row.starts) != (RunState.RUNNING, held.starts):
            return
        if await desk.journal.move(
            row, state=RunState.DUE, leased_until=None, starts=row.starts - 1
        ):
            await desk.bell.ring("heavy", [row.id])
            return


@dataclass(slots=True)
class _Hold:
    """A claimed run; `row` moves as its lease is extended."""

    desk: Desk
    row: Run

    async def attempt(self, work: Work, every: float) -> End | None:
        """What came of it; None where the lease was lost meanwhile, even before it began."""
        ends = self.row.leased_until
        if ends is not None and self.desk.wall.now() >= ends and not await self._renewed():
            return None
        over = asyncio.Event()

        async def worked() -> End:
            try:
                return await _worked(self.desk, self.row, work)
            finally:
                over.set()

        ended: asyncio.Task[End] | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._extend(over, every))
                ended = group.create_task(worked())
        except* LeaseLost:
            ended = None
        return ended.result() if ended else None

    async def _extend(self, over: asyncio.Event, every: float) -> None:
        """Never cut short by the work's end: a half-made move would lose track of the row."""
        while True:
            try:
                async with asyncio.timeout(every):
                    await over.wait()
                return
            except TimeoutError:
                pass
            try:
                if not await self._renewed():
                    raise LeaseLost
            except JournalError:  # said once by the journal: the lease has two thirds to go
                continue

    async def _renewed(self) -> bool:
        until = self.desk.wall.now() + LEASE
        moved = await self.desk.journal.move(self.row, leased_until=until)
        self.row = moved or self.row
        return moved is not None


async def _worked(desk: Desk, row: Run, work: Work) -> End:
    job = desk.jobs.get(row.job)
    limit = job.limit if job else LIMIT
    clock = asyncio.timeout(limit.total_seconds())
    try:
        async with clock:
            return End(RunState.DONE, await work(row))
    except (BrokerError, JournalError) as error:  # away, which passes
        if desk.wall.now() - (row.started_at or desk.wall.now()) <= PATIENCE:
            log.warning("a job waits for a broker", job=row.job, error=str(error))
            return End(RunState.DUE, str(error))
        return End(RunState.FAILED, str(error))
    except QuarterdeckError as error:
        return End(RunState.FAILED, str(error))
    except Exception as error:  # a job of ours that breaks is told; the lane lives on
        if isinstance(error, TimeoutError) and clock.expired():
            more = f'Retry runs it again; a larger `limit` under [jobs."{row.job}"] helps.'
            return End(RunState.FAILED, f"took longer than {span(limit)}", more)
        log.exception("a job failed", job=row.job)
        where = "Retry runs it again; the log of heavy says where it broke."
        return End(RunState.FAILED, f"an error of ours ({type(error).__name__})", where)


async def _is_open(desk: Desk, found: Run) -> bool:
    """Whether it may be started now; runs of one job go one after the other."""
    wall = desk.wall.now()
    if found.state is RunState.RUNNING:
        return found.leased_until is not None and found.leased_until < wall
    if found.state is not RunState.DUE or (found.not_before and found.not_before > wall):
        return False
    return not await desk.journal.count(
        Run, job=found.job, state=RunState.RUNNING, leased_until__gte=wall
    )


def _verdict(desk: Desk, found: Run) -> End | None:
    """The end of a run that may not start (again); None where it may."""
    if found.state is RunState.RUNNING and found.starts >= MOST_STARTS:
        return End(RunState.FAILED, f"its worker died over it {found.starts} times")
    late = _too_late(desk, found)
    if late and found.state is RunState.RUNNING:
        return End(RunState.FAILED, f"its worker died, and it was {late}")
    return End(RunState.MISSED, late) if late else None


def _too_late(desk: Desk, row: Run) -> str:
    """Why it may not be begun any more; an operator's own run never is too late."""
    job, now = desk.jobs.get(row.job), desk.market.now()
    if job is None or row.request_id is not None or not job.is_stale(row.due_at, now):
        return ""
    return telling.too_late(job, row.due_at, now)


async def _finish(desk: Desk, row: Run, end: End) -> None:
    """Record it and tell what matters; where another took the run over meanwhile, neither."""
    wall, failed = desk.wall.now(), end.state is RunState.FAILED
    again = wall + PAUSE if end.state is RunState.DUE else None
    async with desk.journal.transaction():
        moved = await desk.journal.move(
            row,
            state=end.state,
            outcome=end.outcome[:400],
            finished_at=None if again else wall,
            leased_until=None,
            not_before=_next_try(desk, row, wall) if failed else again,
            starts=0,
            failures=row.failures + failed,
        )
        if moved is None:
            return
        if moved.state is RunState.FAILED:
            await telling.tell_failed(desk, moved, end.advice)
        elif moved.state is RunState.DONE:
            await telling.tell_done(desk, moved)
        elif moved.state is RunState.MISSED:
            await telling.tell_missed(desk, [moved])
    await desk.bell.ring("postman")


def _next_try(desk: Desk, row: Run, wall: datetime) -> datetime | None:
    """When a run that failed once more is tried again: only of a job that catches up, and only
    while it is not too late for it."""
    job: Job | None = desk.jobs.get(row.job)
    pause = BACK_OFF[min(row.failures, len(BACK_OFF) - 1)]
    if job is None or not job.catch_up or job.is_stale(row.due_at, desk.market.now() + pause):
        return None
    return wall + pause
