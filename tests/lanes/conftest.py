import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from lanes.lane import run_lane
from lanes.server import RedisServer, start_redis

Handle = Callable[[int], Awaitable[None]]
Running = Callable[..., AbstractAsyncContextManager[asyncio.Event]]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    running = await start_redis(tmp_path)
    try:
        yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            running.process.send_signal(signal.SIGCONT)
        await running.stop()


@pytest.fixture
def lane() -> Running:
    """`async with lane(url, handle) as stop:` a fast lane that works until the block ends."""

    @asynccontextmanager
    async def running(
        url: str, handle: Handle, *, max_jobs: int = 4, poll_delay: float = 30.0, **more: float
    ) -> AsyncIterator[asyncio.Event]:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(
                run_lane(
                    "fast", url, handle, max_jobs=max_jobs, stop=stop, poll_delay=poll_delay, **more
                )
            )
            try:
                yield stop
            finally:
                stop.set()

    return running


class Rows:
    """A handler that remembers: `await rows.until(3)` waits for the third row to be handled."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self._more = asyncio.Condition()

    async def handle(self, row: int) -> None:
        async with self._more:
            self.seen.append(row)
            self._more.notify_all()

    async def until(self, count: int, within: float = 5.0) -> list[int]:
        async with asyncio.timeout(within), self._more:
            await self._more.wait_for(lambda: len(self.seen) >= count)
        return self.seen


@pytest.fixture
async def rows() -> Rows:
    return Rows()
