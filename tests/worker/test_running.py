"""A run under its lease: extended while it works, cut at its limit, taken over, tried again."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desk.console.verbs import handle
from tests.world import ANN, MONDAY, World, at, timetable, world
from trading.errors import DataError
from trading.facts import Lane, Notice, Run, RunState
from trading.messages import Message
from worker import running
from worker.running import BACK_OFF, LEASE, MOST_STARTS, carry
from worker.schedule import Schedule

TUESDAY = MONDAY.replace(day=4)


async def desk() -> World:
    w = await world()
    timetable(w.desk)
    return w


async def due(w: World, job: str = "mark", **changes: Any) -> Run:
    [run] = await w.journal.append([Run(job, at(MONDAY, 21, 2), **changes)])
    return run


async def found(w: World, run: Run) -> Run:
    row = await w.journal.first(Run, id=run.id)
    assert row is not None
    return row


async def told(w: World) -> list[Message]:
    rows = await w.journal.read(Notice, recipient=ANN.id)
    return [Message.from_json(row.body) for row in rows]


async def fails(_: Run) -> str:
    raise DataError("bars cannot be read")


async def succeeds(_: Run) -> str:
    return "1 book marked"


# The lease


async def test_the_lease_is_extended_for_as_long_as_the_work_takes():
    w = await desk()
    run = await due(w)
    leases = []

    async def work(claimed: Run) -> str:
        for minutes in (2, 4):
            w.clock.at = at(MONDAY, 21, 5) + timedelta(minutes=minutes)
            while (row := await found(w, run)).leased_until != w.clock.at + LEASE:
                await asyncio.sleep(0)
            leases.append(row.leased_until)
        return "done"

    await carry(w.desk, run.id, work, every=0.001)
    assert len(set(leases)) == 2
    ended = await found(w, run)
    assert (ended.state, ended.leased_until, ended.starts) == (RunState.DONE, None, 0)


async def test_whoever_lost_the_lease_is_stopped_and_its_outcome_dropped():
    w = await desk()
    run = await due(w)
    stopped = False

    async def work(claimed: Run) -> str:
        nonlocal stopped
        row = await found(w, run)
        await w.journal.move(row, leased_until=w.clock.at + 2 * LEASE, outcome="another's")
        try:
            await asyncio.Event().wait()
        finally:
            stopped = True
        return "too late"

    await carry(w.desk, run.id, work, every=0.001)
    assert stopped
    row = await found(w, run)
    assert (row.state, row.outcome) == (RunState.RUNNING, "another's")
    assert await told(w) == []


async def test_a_process_that_ends_in_order_leaves_the_run_for_the_next():
    w = await desk()
    run = await due(w)
    begun = asyncio.Event()

    async def work(_: Run) -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    async with asyncio.TaskGroup() as group:
        task = group.create_task(carry(w.desk, run.id, work))
        await begun.wait()
        task.cancel()
    assert (await found(w, run)).state is RunState.DUE
    await carry(w.desk, run.id, succeeds)
    assert (await found(w, run)).state is RunState.DONE


async def test_a_worker_that_dies_over_a_run_is_followed_twice_and_then_it_has_failed():
    w = await desk()
    run = await due(w, "housekeeping")
    starts = 0

    async def dies(_: Run) -> str:
        nonlocal starts
        starts += 1
        raise KeyboardInterrupt  # as hard as a test can end a process

    for _ in range(MOST_STARTS + 2):
        with pytest.MonkeyPatch.context() as patch:

            async def gone(*_: Any) -> Any:  # no last word reaches the journal
                await dies(run)

            patch.setattr(running._Hold, "attempt", gone)
            with contextlib.suppress(KeyboardInterrupt):
                await carry(w.desk, run.id, dies)
        await carry(w.desk, run.id, succeeds)
        assert (await found(w, run)).state is not RunState.DONE, "its lease is still held"
        w.clock.at += LEASE + timedelta(seconds=1)
    assert starts == MOST_STARTS
    row = await found(w, run)
    assert (row.state, row.outcome) == (RunState.FAILED, "its worker died over it 3 times")
    assert len(await told(w)) == 1


async def test_runs_of_one_job_do_not_overlap():
    w = await desk()
    first, second = await due(w), (await w.journal.append([Run("mark", at(TUESDAY, 21, 2))]))[0]
    order = []

    async def work(claimed: Run) -> str:
        order.append(claimed.id)
        await carry(w.desk, second.id, work)
        return "done"

    await carry(w.desk, first.id, work)
    assert order == [first.id]
    assert (await found(w, second)).state is RunState.DUE


# Its time


async def test_a_run_over_its_limit_fails_with_one_alert():
    w = await desk()
    w.desk.jobs = {
        **w.desk.jobs,
        "expire": replace(w.desk.jobs["expire"], limit=timedelta(milliseconds=20)),
    }
    run = await due(w, "expire")

    async def work(_: Run) -> str:
        await asyncio.Event().wait()
        return ""

    await carry(w.desk, run.id, work)
    row = await found(w, run)
    assert row.state is RunState.FAILED
    assert row.outcome.startswith("took longer than")
    [said] = await told(w)
    assert said.plain.startswith("Job failed: expire\nDue Mon 3 Feb 16:02 New York: took longer")
    assert said.plain.endswith('Retry runs it again; a larger `limit` under [jobs."expire"] helps.')


async def test_a_timeout_inside_the_work_is_not_the_runs_own():
    w = await desk()
    run = await due(w, "expire")

    async def work(_: Run) -> str:
        raise TimeoutError

    await carry(w.desk, run.id, work)
    assert (await found(w, run)).outcome == "an error of ours (TimeoutError)"


async def test_a_run_that_waited_past_its_limit_is_missed_not_carried_out():
    w = await desk()
    run = await due(w, "scan:dip")
    w.go(TUESDAY, 14, 30)
    await carry(w.desk, run.id, succeeds)
    row = await found(w, run)
    assert (row.state, row.outcome) == (
        RunState.MISSED,
        "found 17 hours late, its limit is next open",
    )
    [said] = await told(w)
    assert said.plain.startswith("A run was missed\nscan:dip, due Mon 3 Feb 16:02: found 17 hours")


def noting(begun: list[Run]) -> Callable[[Run], Any]:
    async def work(run: Run) -> str:
        begun.append(run)
        return "done"

    return work


def standing_still(w: World, monkeypatch: pytest.MonkeyPatch, then: Callable[[], Any]) -> None:
    """Right after its claim of a run is recorded the process stands still; `then` happens."""
    move = w.journal.move

    async def claimed(fact: Any, **changes: Any) -> Any:
        moved = await move(fact, **changes)
        if changes.get("state") is RunState.RUNNING:
            monkeypatch.undo()
            await then()
        return moved

    monkeypatch.setattr(w.journal, "move", claimed)


async def test_a_worker_that_stood_still_past_the_limit_begins_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    w = await desk()
    run = await due(w, "scan:dip")

    async def later() -> None:
        w.go(TUESDAY, 14, 30)

    begun: list[Run] = []
    standing_still(w, monkeypatch, later)
    await carry(w.desk, run.id, noting(begun))
    assert begun == []
    row = await found(w, run)
    assert row.state is RunState.FAILED
    assert row.outcome.startswith("its worker stood still: found 17 hours late")


async def test_a_worker_that_stood_still_past_its_lease_leaves_the_run_to_who_took_it(
    monkeypatch: pytest.MonkeyPatch,
):
    w = await desk()
    run = await due(w, "mark")

    async def taken_over() -> None:
        w.clock.at += 2 * LEASE
        await carry(w.desk, run.id, succeeds)

    begun: list[Run] = []
    standing_still(w, monkeypatch, taken_over)
    await carry(w.desk, run.id, noting(begun))
    assert begun == []
    assert (await found(w, run)).state is RunState.DONE


async def test_a_run_somebody_asked_for_is_never_too_late():
    w = await desk()
    run = await due(w, "scan:dip", request_id=99)
    w.go(TUESDAY, 20)
    await carry(w.desk, run.id, succeeds)
    assert (await found(w, run)).state is RunState.DONE


# Failure


async def test_a_failed_mark_is_tried_again_later_and_later_and_told_in_one_message():
    w = await desk()
    run = await due(w)
    kept = Schedule(w.desk)
    for number, pause in enumerate((*BACK_OFF, BACK_OFF[-1]), 1):
        await carry(w.desk, run.id, fails)
        row = await found(w, run)
        assert (row.state, row.failures) == (RunState.FAILED, number)
        assert row.not_before == w.clock.at + pause
        w.clock.at += pause - timedelta(seconds=1)
        await kept.keep()
        assert (await found(w, run)).state is RunState.FAILED
        w.clock.at += timedelta(seconds=6)
        await kept.keep()
        assert (await found(w, run)).state is RunState.DUE
    said = await w.journal.read(Notice, recipient=ANN.id, lane=Lane.CRITICAL)
    texts = [Message.from_json(row.body).plain for row in said]
    assert "It is tried again in 5 minutes; Retry does so now." in texts[0]
    assert texts[1].startswith("Job failed: mark (2 times today)\n")
    days = {row.created_at.date() for row in said}
    assert len({row.subject for row in said}) == len(days), "one message a day"
    await carry(w.desk, run.id, succeeds)
    last = (await told(w))[-1]
    assert last.plain == "Job done: mark\nIt had failed 5 times: now 1 book marked."


async def test_past_its_limit_a_failed_mark_waits_for_a_person():
    w = await desk()
    run = await due(w)
    w.clock.at = at(MONDAY, 21, 2) + timedelta(days=14) - timedelta(minutes=4)
    await carry(w.desk, run.id, fails)
    assert (await found(w, run)).not_before is None


async def test_a_failed_scan_waits_for_retry_which_runs_it_for_the_same_time():
    w = await desk()
    run = await due(w, "scan:dip")
    await carry(w.desk, run.id, fails)
    row = await found(w, run)
    assert (row.state, row.not_before) == (RunState.FAILED, None)
    [said] = await told(w)
    assert said.plain.endswith("Once that is put right, Retry runs it again for the same time.")
    [[button]] = said.buttons
    assert (button.label, button.verb, button.args) == ("Retry", "jobs", ("retry", str(run.id)))
    await handle(w.desk, await w.ask(f"/jobs retry {run.id}", pressed=True))
    again = await found(w, run)
    assert (again.state, again.due_at) == (RunState.DUE, run.due_at)
    assert ("heavy", (run.id,)) in w.bells.rung
    await carry(w.desk, run.id, succeeds)
    texts = [said.plain for said in await told(w)]
    assert "1 book marked." in texts
    await handle(w.desk, await w.ask(f"/jobs retry {run.id}", pressed=True))
    assert "not waiting for a retry" in (await told(w))[-1].plain


async def test_a_failure_after_a_success_is_a_new_message():
    w = await desk()
    subjects = []
    for minute, work in enumerate((fails, fails, succeeds, fails)):
        [run] = await w.journal.append([Run("expire", at(MONDAY, 21, minute))])
        await carry(w.desk, run.id, work)
        w.clock.at += timedelta(minutes=1)
    said = await w.journal.read(Notice, recipient=ANN.id, lane=Lane.CRITICAL)
    subjects = [row.subject for row in said]
    assert subjects[0] == subjects[1] != subjects[2]
    assert "times today" not in Message.from_json(said[2].body).plain


async def test_success_is_silent():
    w = await desk()
    await carry(w.desk, (await due(w)).id, succeeds)
    assert await told(w) == []
