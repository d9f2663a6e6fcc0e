"""The shift: a process told to end stops taking work, and what is under way comes to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

Rest = Callable[[float], Awaitable[object]]


class Shift:
    """Working time until `stop` is set. A loop that rests through it ends where it rests, never
    in the middle of a piece of work; one with many pieces asks `is_over` before the next."""

    def __init__(self, stop: asyncio.Event | None = None) -> None:
        self._stop = stop or asyncio.Event()
        self._resting: set[asyncio.Task[Any]] = set()

    @property
    def is_over(self) -> bool:
        return self._stop.is_set()

    async def over(self) -> None:
        """Until the shift is over; who rests is then sent home."""
        await self._stop.wait()
        for task in self._resting:
            task.cancel()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """What is awaited inside may be cut short; raises CancelledError where the shift is over,
        which ends the task that waits here."""
        if self.is_over:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None
        self._resting.add(task)
        try:
            yield
        finally:
            self._resting.discard(task)

    def rests(self, rest: Rest) -> Rest:
        """The same rest, at which a loop ends once the shift is over."""

        async def rested(seconds: float) -> object:
            with self.resting():
                return await rest(seconds)

        return rested
