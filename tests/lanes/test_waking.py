"""What the worker does beyond arq's: nothing lost between look and sleep, leases renewed."""

import asyncio
from contextlib import asynccontextmanager

from lanes.bell import RedisBell
from lanes.waking import WakingWorker
from lanes.wire import connect


class InterruptedWorker(WakingWorker):
    """Has `between` happen after each look, before the sleep."""

    async def _poll_iteration(self) -> None:
        await super()._poll_iteration()
        await self.between()


@asynccontextmanager
async def worker(url, handle, *, kind=WakingWorker, **more):
    async def work(ctx, row):
        await handle(row)

    redis = connect(url)
    wake, stop = asyncio.Event(), asyncio.Event()
    settings = {"max_jobs": 2, "job_timeout": 5.0, "poll_delay": 30.0} | more
    it = kind("fast", redis, work, wake=wake, stop=stop, **settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(it.main())
        try:
            yield it
        finally:
            stop.set()
            wake.set()
    await redis.aclose()


async def test_a_ring_between_the_look_and_the_sleep_is_not_lost(server, rows):
    looks = 0

    async with RedisBell(server.url) as bell:

        async def between() -> None:
            nonlocal looks
            looks += 1
            if looks == 1:
                await bell.ring("fast", [1])
                it.wake.set()

        InterruptedWorker.between = staticmethod(between)
        async with worker(server.url, rows.handle, kind=InterruptedWorker) as it:
            assert await rows.until(1) == [1]


async def test_a_killed_workers_job_is_taken_up_when_its_lease_ends(server, rows):
    redis = connect(server.url)
    async with RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
    await redis.set("arq:in-progress:fast:1", b"1", px=300)  # as a worker killed just now left it
    await redis.set("arq:retry:fast:1", 1)
    async with worker(server.url, rows.handle, poll_delay=0.05):
        await asyncio.sleep(0.15)
        assert rows.seen == []
        assert await rows.until(1) == [1]
    await redis.aclose()


async def test_a_running_jobs_lease_is_renewed(server, rows):
    redis = connect(server.url)

    async def slow(row: int) -> None:
        await asyncio.sleep(1.0)
        await rows.handle(row)

    async with worker(server.url, slow, poll_delay=0.05, lease=0.4), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await asyncio.sleep(0.8)
        assert await redis.pttl("arq:in-progress:fast:1") > 0
        await rows.until(1)
    assert await redis.exists("arq:in-progress:fast:1") == 0
    await redis.aclose()
