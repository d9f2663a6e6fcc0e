"""Berths: what Redis was never rung for is carried out all the same, a few at a time, once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.world import World, world
from trading.errors import QuarterdeckError
from trading.facts import Run, RunState
from trading.shift import Shift
from worker import running
from worker.berths import Berths


class Enough(Exception):
    """Ends a loop that goes on for ever."""


def rests(times: int, between: Callable[[int], Any] = lambda _: None) -> Any:
    left = times

    async def rest(_: float) -> None:
        nonlocal left
        left -= 1
        for _ in range(20):  # what was begun gets its turns
            await asyncio.sleep(0)
        between(left)
        if not left:
            raise Enough

    return rest


async def swept(berths: Berths, times: int, between: Callable[[int], Any] = lambda _: None) -> None:
    with pytest.raises(ExceptionGroup) as ended:
        await berths.sweep(rests(times, between))
    assert ended.group_contains(Enough)


def carrying(w: World, done: list[str]) -> Any:
    async def work(claimed: Run) -> str:
        done.append(claimed.job)
        return "done"

    return lambda run_id: running.carry(w.desk, run_id, work)


async def test_a_run_nobody_was_rung_for_is_carried_out_once_by_the_second_look():
    w = await world()
    done: list[str] = []
    await w.journal.append([Run("mark", w.clock.at), Run("expire", w.clock.at)])
    berths = Berths(w.desk, carrying(w, done), most=3)
    await swept(berths, 1)
    assert done == [], "the lane has had no chance yet"
    await swept(berths, 4)
    assert sorted(done) == ["expire", "mark"]
    assert await w.journal.count(Run, state=RunState.DONE) == 2


async def test_a_run_whose_worker_died_is_taken_when_its_lease_is_over():
    w = await world()
    done: list[str] = []
    run = Run("mark", w.clock.at, RunState.RUNNING, starts=1, started_at=w.clock.at)
    [run] = await w.journal.append([run])
    held = await w.journal.move(run, leased_until=w.clock.at + timedelta(minutes=1))
    assert held
    berths = Berths(w.desk, carrying(w, done), most=3)
    await swept(berths, 3)
    assert done == []
    w.clock.at += timedelta(minutes=2)
    await swept(berths, 3)
    assert done == ["mark"]


async def test_full_berths_take_no_more_and_leave_it_due():
    w = await world()
    gate, started = asyncio.Event(), []

    async def work(run_id: int) -> None:
        started.append(run_id)
        await gate.wait()

    berths = Berths(w.desk, work, most=2)
    async with asyncio.TaskGroup() as group:
        for run_id in (1, 2, 2, 3):
            group.create_task(berths.take(run_id))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert started == [1, 2]
        gate.set()
    await berths.take(3)
    assert started == [1, 2, 3]


async def test_the_sweep_goes_on_after_the_database_was_away(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    done: list[str] = []
    await w.journal.append([Run("mark", w.clock.at)])

    async def away(*_: Any, **__: Any) -> Any:
        raise QuarterdeckError("the database is away")

    monkeypatch.setattr(w.journal, "read", away)

    def between(left: int) -> None:
        if left == 4:
            monkeypatch.undo()

    await swept(Berths(w.desk, carrying(w, done), most=3), 7, between)
    assert done == ["mark"]


async def test_nothing_is_begun_once_the_shift_is_over():
    w = await world()
    done: list[str] = []
    [run] = await w.journal.append([Run("mark", w.clock.at)])
    stop = asyncio.Event()
    w.desk.shift = Shift(stop)
    stop.set()
    await Berths(w.desk, carrying(w, done), most=3).take(run.id)
    assert done == []


async def test_a_run_that_is_cut_short_is_handed_over_and_taken_at_once():
    w = await world()
    begun = asyncio.Event()
    [run] = await w.journal.append([Run("mark", w.clock.at)])

    async def slow(_: Run) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    task = asyncio.ensure_future(running.carry(w.desk, run.id, slow))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    [left] = await w.journal.read(Run)
    assert (left.state, left.starts, left.leased_until) == (RunState.DUE, 0, None)
    assert ("heavy", (run.id,)) in w.bells.rung
    done: list[str] = []
    await carrying(w, done)(run.id)
    assert done == ["mark"]


async def test_a_run_cut_short_as_its_lease_is_extended_is_handed_over_too():
    w = await world()
    begun = asyncio.Event()
    [run] = await w.journal.append([Run("mark", w.clock.at)])

    async def slow(_: Run) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    task = asyncio.ensure_future(running.carry(w.desk, run.id, slow))
    await begun.wait()
    [held] = await w.journal.read(Run)
    assert await w.journal.move(held, leased_until=w.clock.at + timedelta(minutes=2))  # unseen
    task.cancel()
    await asyncio.wait([task])
    assert [r.state for r in await w.journal.read(Run)] == [RunState.DUE]
