"""A lane: rows rung for it are handled, some at a time, until it is told to stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from lanes.ears import Ear
from lanes.waking import WakingWorker
from lanes.wire import QUEUED, connect, hang_up
from trading.errors import JournalError, QuarterdeckError

log = logging.getLogger(__name__)


async def run_lane(
    name: str,
    redis_url: str,
    handle: Callable[[int], Awaitable[None]],
    *,
    max_jobs: int,
    stop: asyncio.Event,
    job_timeout: float = 30.0,
    grace: float = 8.0,
    poll_delay: float = 0.5,
) -> None:
    """Call `handle(id)` for each id rung for `name`, at most `max_jobs` at a time.

    What `handle` raises is logged and ends that job only; it is not retried, since the row is
    still due. A job over `job_timeout` seconds is cancelled. After `stop`, running jobs have
    `grace` seconds. `poll_delay` is how often it looks unrung. Returns when all is still; Redis
    being away never ends it. Cancelled after `stop`, it still gives the grace. ValueError: rings
    for a lane of this name carry no rows.
    """
    if name not in QUEUED:
        raise ValueError(f"lane {name} is not in lanes.wire.QUEUED: nothing is enqueued for it")

    async def work(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        (row,) = args
        try:
            await handle(row)
        except JournalError:
            log.debug("lane %s: row %s waits for the database", name, row)  # which says so itself
        except QuarterdeckError as error:
            log.error("lane %s: row %s: %s", name, row, error)
        except Exception:
            log.exception("lane %s: row %s failed", name, row)

    wake = asyncio.Event()
    async with AsyncExitStack() as stack:
        redis = connect(redis_url, steady=True)
        stack.push_async_callback(hang_up, redis)
        ear = await stack.enter_async_context(Ear(redis_url, name))
        worker = WakingWorker(
            name,
            redis,
            work,
            wake=wake,
            stop=stop,
            max_jobs=max_jobs,
            job_timeout=job_timeout,
            grace=grace,
            poll_delay=poll_delay,
        )
        async with asyncio.TaskGroup() as group:
            attendants = (
                group.create_task(_pass_on(ear, wake)),
                group.create_task(_end(stop, wake)),
            )
            try:
                await worker.main()
            finally:
                for attendant in attendants:
                    attendant.cancel()


async def _pass_on(ear: Ear, wake: asyncio.Event) -> None:
    while True:
        if await ear.heard(60.0):
            wake.set()


async def _end(stop: asyncio.Event, wake: asyncio.Event) -> None:
    await stop.wait()
    wake.set()
