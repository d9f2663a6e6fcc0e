"""One writing transaction at a time in this process, owned by the task that opened it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from trading.errors import QuarterdeckError

T = TypeVar("T")

#: Transactions last milliseconds; waiting this long means one never ended, or waits for us.
PATIENCE = 30.0  # seconds


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """`work` runs to its end though the caller is cancelled; the cancellation is raised after.

    A half-sent BEGIN or ROLLBACK would leave the connection in somebody else's transaction.
    """
    running = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as stop:
            cancelled = stop
    result = running.result()
    if cancelled is not None:
        raise cancelled
    return result


class Turns:
    """Hands out the turn to write. Nested use by the owner joins; other tasks wait.

    Ownership goes by task: a call made by another task, even one started inside the transaction
    (`asyncio.wait_for` starts one on Python 3.11; `asyncio.timeout` does not), is outside it.
    """

    def __init__(
        self,
        begin: Callable[[], Coroutine[Any, Any, None]],
        commit: Callable[[], Coroutine[Any, Any, None]],
        rollback: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._begin = begin
        self._commit = commit
        self._rollback = rollback
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._doomed = False

    @property
    def mine(self) -> bool:
        """Whether the running task is inside its own transaction."""
        return self._owner is not None and self._owner is asyncio.current_task()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """An exception that leaves any nested block rolls all of it back; if it was then caught
        inside the outer block, leaving that raises RuntimeError rather than seem recorded."""
        if self.mine:
            try:
                yield
            except BaseException:
                self._doomed = True
                raise
            return
        async with self.alone():
            await self._start()
            self._owner = asyncio.current_task()
            self._doomed = False
            try:
                try:
                    yield
                finally:
                    self._owner = None
                self._refuse_if_doomed()
            except BaseException:
                await finish(self._rollback())
                raise
            await finish(self._commit_or_rollback())

    def _refuse_if_doomed(self) -> None:
        if self._doomed:
            raise RuntimeError(
                "nothing was recorded: an exception left a nested transaction and was caught "
                "inside the outer one"
            )

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """The turn without a transaction, for one statement on the writing connection."""
        await self._take()
        try:
            yield
        finally:
            self._lock.release()

    async def _take(self) -> None:
        if not self._lock.locked():
            await self._lock.acquire()
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._lock.acquire()
        except TimeoutError:
            raise QuarterdeckError(
                f"the journal waited {PATIENCE:.0f} s for another transaction of this process; "
                "nothing was recorded: restart this process"
            ) from None

    async def _start(self) -> None:
        try:
            await finish(self._begin())
        except BaseException:
            await finish(self._rollback())
            raise

    async def _commit_or_rollback(self) -> None:
        try:
            await self._commit()
        except BaseException:
            await self._rollback()
            raise
