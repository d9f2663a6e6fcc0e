"""A process ends by its own word in one line, and at SIGTERM without cutting its work short."""

import asyncio

import pytest

from processes import until
from trading.errors import ConfigError
from trading.shift import Shift


async def test_a_setting_that_is_wrong_ends_a_process_in_one_line() -> None:
    async def listen() -> None:
        raise ConfigError("the paper broker cannot listen there")

    with pytest.raises(ConfigError, match="cannot listen there"):
        await until(asyncio.Event(), listen(), asyncio.sleep(60))


async def test_an_error_of_ours_keeps_its_trace() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await until(asyncio.Event(), fail(), asyncio.sleep(60))


class Work:
    """A loop with a rest: `done` counts the pieces that came to their end."""

    def __init__(self) -> None:
        self.begun, self.gate = asyncio.Event(), asyncio.Event()
        self.done = 0
        self.was_cut = False

    async def loop(self, shift: Shift) -> None:
        rest = shift.rests(asyncio.sleep)
        while True:
            self.begun.set()
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.was_cut = True
                raise
            self.done += 1
            await rest(60)


async def test_what_is_under_way_comes_to_its_end_and_nothing_more_is_begun() -> None:
    stop, work, other = asyncio.Event(), Work(), asyncio.Event()
    shift = Shift(stop)

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            assert work.done == 1, "beats go on until the work has ended"
            other.set()

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(until(stop, beside(), orderly=(work.loop(shift),), shift=shift))
        await work.begun.wait()
        stop.set()
        for _ in range(5):
            await asyncio.sleep(0)
        work.gate.set()
    assert (work.done, work.was_cut) == (1, False)
    assert other.is_set()


async def test_who_rests_ends_at_once() -> None:
    stop, work = asyncio.Event(), Work()
    shift = Shift(stop)
    work.gate.set()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(until(stop, orderly=(work.loop(shift),), shift=shift))
        await work.begun.wait()
        while not work.done:
            await asyncio.sleep(0)
        stop.set()
    assert work.done == 1


async def test_work_without_an_end_is_cut_short_after_the_grace() -> None:
    stop, work = asyncio.Event(), Work()
    shift = Shift(stop)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(until(stop, orderly=(work.loop(shift),), shift=shift, grace=0.05))
        await work.begun.wait()
        stop.set()
    assert work.was_cut


async def test_a_rest_after_the_shift_ends_the_loop_that_asks_for_it() -> None:
    stop = asyncio.Event()
    stop.set()
    shift, slept = Shift(stop), []

    async def rest(seconds: float) -> None:
        slept.append(seconds)

    task = asyncio.ensure_future(shift.rests(rest)(5.0))  # type: ignore[arg-type]
    await asyncio.wait([task])
    assert task.cancelled()
    assert slept == []
