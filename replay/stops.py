"""Moments that a hurried clock must not run past: what is due there is due within minutes."""

from datetime import datetime, timedelta

from desk.desk import Desk
from desk.timetable import Job
from trading.brackets import Bracket
from trading.errors import DataError
from trading.orders import Order, OrderState

#: A clock that shows a day in seconds passes this much market time between two looks.
HURRY = timedelta(minutes=15)


async def next_stop(desk: Desk, at: datetime, until: datetime) -> datetime | None:
    """The first of them after `at` and up to `until`: an order's own time inside a session, a job
    that is punctual or would be too late a look or two after it was due."""
    orders = await desk.journal.read(
        Order, state=OrderState.PLANNED, execute_at__gt=at, execute_at__lte=until
    )
    stops = [order.execute_at for order in orders]
    lasts = await desk.journal.read(Bracket, until__gt=at, until__lte=until, ended_at__isnull=True)
    stops += [bracket.until for bracket in lasts if bracket.until is not None]
    for job in _enabled(desk):
        due = _next(job, at)
        if due and due <= until and (job.punctual or job.is_stale(due, due + HURRY)):
            stops.append(due)
    return min(stops, default=None)


def night_stop(desk: Desk, at: datetime, morning: datetime) -> datetime | None:
    """The first job between that would be told as missed if it were found in the morning."""
    stops = []
    for job in _enabled(desk):
        due = _next(job, at) if job.tells and not job.catch_up else None
        if due is None or due >= morning:
            continue
        following = _next(job, due)
        if job.is_stale(due, morning) or (following and following <= morning):
            stops.append(due)
    return min(stops, default=None)


def _enabled(desk: Desk) -> list[Job]:
    return [job for job in desk.jobs.values() if job.enabled]


def _next(job: Job, at: datetime) -> datetime | None:
    try:
        return job.when.next(at)
    except DataError:  # past the end of its calendar nothing is due
        return None
