"""A lane with a real redis-server. The lanes here look by themselves only every 30 s, so what
happens sooner happened because they were woken."""

import asyncio
import logging
import pickle
from pathlib import Path

import pytest

from lanes.bell import RedisBell
from lanes.lane import run_lane
from lanes.wire import connect


async def test_a_ring_wakes_the_lane(server, lane, rows):
    async with lane(server.url, rows.handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await rows.until(1)
        await bell.ring("fast", [2, 3])
        assert sorted(await rows.until(3)) == [1, 2, 3]


async def test_rows_rung_before_the_lane_started_are_handled(server, lane, rows):
    async with RedisBell(server.url) as bell:
        await bell.ring("fast", [7])
    async with lane(server.url, rows.handle):
        assert await rows.until(1) == [7]


async def test_a_slot_that_frees_is_used_at_once(server, lane, rows):
    async with lane(server.url, rows.handle, max_jobs=1), RedisBell(server.url) as bell:
        await bell.ring("fast", range(1, 31))
        assert await rows.until(30) == list(range(1, 31))


async def test_a_lane_never_runs_more_than_its_slots(server, lane, rows):
    running = most = 0
    full = asyncio.Barrier(3)

    async def handle(row: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await full.wait()
        running -= 1
        await rows.handle(row)

    async with lane(server.url, handle, max_jobs=3), RedisBell(server.url) as bell:
        await bell.ring("fast", range(12))
        await rows.until(12)
    assert most == 3


async def test_a_queued_row_rung_again_is_queued_once(server, lane, rows):
    async with RedisBell(server.url) as bell:
        async with asyncio.TaskGroup() as callers:
            for _ in range(50):
                callers.create_task(bell.ring("fast", [5]))
        async with lane(server.url, rows.handle):
            await bell.ring("fast", [6])
            assert await rows.until(2) == [5, 6]
            await asyncio.sleep(0.1)  # until the lane has crossed row 5 off too
            await bell.ring("fast", [5])
            assert await rows.until(3) == [5, 6, 5]


async def test_a_row_being_worked_on_is_not_started_twice(server, lane, rows):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(row: int) -> None:
        if row == 1:
            begun.set()
            await go_on.wait()
        await rows.handle(row)

    async with lane(server.url, handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await begun.wait()
        await bell.ring("fast", [1, 2])
        await rows.until(1)
        go_on.set()
        assert await rows.until(2) == [2, 1]
    assert rows.seen == [2, 1]


async def test_an_error_is_logged_and_ends_only_its_own_job(server, lane, rows, caplog):
    async def handle(row: int) -> None:
        if row == 1:
            raise ValueError("row one is odd")
        await rows.handle(row)

    async with lane(server.url, handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1, 2])
        assert await rows.until(1) == [2]
    assert "lane fast: row 1 failed" in caplog.text
    assert "row one is odd" in caplog.text


async def test_a_job_over_its_time_is_cancelled_and_said_so(server, lane, rows, caplog):
    async def handle(row: int) -> None:
        if row == 1:
            await asyncio.Event().wait()
        await rows.handle(row)

    running = lane(server.url, handle, max_jobs=1, job_timeout=0.2)
    async with running, RedisBell(server.url) as bell:
        await bell.ring("fast", [1, 2])
        assert await rows.until(1) == [2]
    assert "TimeoutError" in caplog.text


async def test_stop_finishes_the_running_job_and_starts_no_other(server, lane, rows):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(row: int) -> None:
        begun.set()
        await go_on.wait()
        await rows.handle(row)

    async with lane(server.url, handle, max_jobs=1) as stop, RedisBell(server.url) as bell:
        await bell.ring("fast", [1, 2])
        await begun.wait()
        stop.set()
        await asyncio.sleep(0.1)
        assert rows.seen == []
        go_on.set()
    assert rows.seen == [1]
    async with lane(server.url, rows.handle):
        assert await rows.until(2) == [1, 2]


async def test_a_job_that_outlasts_the_grace_is_run_again_by_the_next_lane(server, lane, rows):
    begun = asyncio.Event()

    async def endless(_: int) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with lane(server.url, endless, grace=0.1) as stop, RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await begun.wait()
        stop.set()
    async with lane(server.url, rows.handle):
        assert await rows.until(1) == [1]


async def test_a_lane_cancelled_after_stop_still_finishes_its_job(server, rows):
    begun, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(row: int) -> None:
        begun.set()
        await go_on.wait()
        await rows.handle(row)

    async with asyncio.TaskGroup() as group, RedisBell(server.url) as bell:
        lane = group.create_task(run_lane("fast", server.url, handle, max_jobs=1, stop=stop))
        await bell.ring("fast", [1])
        await begun.wait()
        stop.set()
        lane.cancel()
        await asyncio.sleep(0.05)
        go_on.set()
        await asyncio.wait([lane])
    assert lane.cancelled()
    assert rows.seen == [1]


async def test_a_cancelled_lane_always_ends(server, rows):
    """On Python 3.11 `asyncio.wait_for`, inside redis-py, could swallow the cancellation."""
    async with RedisBell(server.url) as bell:
        for row in range(30):
            begun = asyncio.Event()

            async def handle(_: int, begun: asyncio.Event = begun) -> None:
                begun.set()

            lane = asyncio.ensure_future(
                run_lane("fast", server.url, handle, max_jobs=1, stop=asyncio.Event())
            )
            await bell.ring("fast", [row])
            await begun.wait()
            for _ in range(row % 5):
                await asyncio.sleep(0)
            lane.cancel()
            await asyncio.wait([lane], timeout=5)
            assert lane.cancelled()


async def test_only_a_queued_lane_can_be_run(server, rows):
    with pytest.raises(ValueError, match=r"not in lanes\.wire\.QUEUED"):
        await run_lane("draw", server.url, rows.handle, max_jobs=1, stop=asyncio.Event())


class Touch:
    """Unpickling this runs a command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize(
    "planted",
    [
        "pickle",
        b"",
        b"[1, 2]",
        b'{"f": "work", "a": [66], "k": {}, "t": null, "et": "noon"}',
        b'{"f": "work", "a": "xy", "k": {"z": 1}, "t": null, "et": 1}',
        b'{"f": "os.system", "a": ["true"], "k": {}, "t": null, "et": 1}',
        b"[" * 100_000,
    ],
    ids=["pickle", "empty", "list", "bad time", "bad arguments", "other function", "deep"],
)
async def test_a_planted_job_does_nothing_and_is_gone(planted, server, lane, rows, tmp_path):
    touched = tmp_path / "touched"
    bomb = {"t": None, "f": "work", "a": (Touch(touched),), "k": {}, "et": 1}
    raw = pickle.dumps(bomb) if planted == "pickle" else planted
    redis = connect(server.url)
    await redis.set("arq:job:fast:66", raw)
    await redis.zadd("qd:fast", {"fast:66": 1})
    async with lane(server.url, rows.handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        assert await rows.until(1) == [1]
    assert await redis.zcard("qd:fast") == 0
    assert await redis.exists("arq:job:fast:66") == 0
    assert not touched.exists()
    await redis.aclose()


async def test_a_member_that_is_no_job_is_removed(server, lane, rows, caplog):
    redis = connect(server.url)
    await redis.zadd("qd:fast", {b"\xff\xfe": 1, b"x": 2})
    async with lane(server.url, rows.handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await rows.until(1)
    assert await redis.zcard("qd:fast") == 0
    assert "no job of ours" in caplog.text
    await redis.aclose()


async def test_a_lane_shows_its_health_while_it_lives(server, lane, rows):
    redis = connect(server.url)
    async with lane(server.url, rows.handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await rows.until(1)
        assert 0 < await redis.pttl("qd:fast:health-check") <= 11_000
    assert await redis.exists("qd:fast:health-check") == 0
    await redis.aclose()


async def test_arqs_own_chatter_is_not_needed_to_see_a_failure(server, lane, rows, caplog):
    async def handle(row: int) -> None:
        await rows.handle(row)
        raise LookupError("gone")

    with caplog.at_level(logging.WARNING):
        async with lane(server.url, handle), RedisBell(server.url) as bell:
            await bell.ring("fast", [1])
            await rows.until(1)
    assert "LookupError: gone" in caplog.text
