"""Redis killed, hung, read-only or gone: callers are not slowed, lanes come back by themselves."""

import asyncio
import signal

import pytest
from arq.constants import in_progress_key_prefix
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError as Lost

from lanes.bell import RedisBell
from lanes.ears import Ear
from lanes.wire import connect, job_id


async def kill(server) -> None:
    server.process.kill()
    await server.process.wait()


async def took(awaitable) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await awaitable
    return loop.time() - began


async def test_a_running_lane_survives_a_killed_redis(server, lane, rows):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(row: int) -> None:
        if row == 1:
            begun.set()
            await go_on.wait()
        await rows.handle(row)

    async with lane(server.url, handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await begun.wait()
        await kill(server)
        go_on.set()
        assert await rows.until(1) == [1]  # what runs goes on
        await bell.ring("fast", [2])
        assert bell.is_away
        await asyncio.sleep(0.5)
        await server.start()
        await bell.ring("fast", [3])
        assert not bell.is_away
        assert 3 in await rows.until(2, within=10)


async def test_every_slot_is_back_after_an_outage(server, lane, rows):
    async with lane(server.url, rows.handle, max_jobs=2, poll_delay=0.05):
        for outage in range(3):
            await kill(server)
            await asyncio.sleep(0.2)
            await server.start()
            fresh = range(100 * outage, 100 * outage + 100)
            async with RedisBell(server.url) as bell:
                await bell.ring("fast", fresh)
                while not set(fresh) <= set(rows.seen):
                    await rows.until(len(rows.seen) + 1, within=10)


async def test_a_lost_listener_is_replaced_and_nothing_is_missed(server, lane, rows):
    redis = connect(server.url)
    async with lane(server.url, rows.handle), RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        await rows.until(1)
        for row in range(2, 6):
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await bell.ring("fast", [row])
            assert (await rows.until(row))[-1] == row
    await redis.aclose()


async def test_what_is_queued_outlives_a_restart_of_redis(server, lane, rows):
    async with RedisBell(server.url) as bell:
        await bell.ring("fast", [1, 2])
    server.process.terminate()
    await server.process.wait()
    await server.start()
    async with lane(server.url, rows.handle):
        assert sorted(await rows.until(2)) == [1, 2]


async def test_a_lane_started_before_redis_begins_when_it_is_there(server, lane, rows):
    await kill(server)
    async with lane(server.url, rows.handle), RedisBell(server.url) as bell:
        await asyncio.sleep(0.3)
        await server.start()
        await bell.ring("fast", [1])
        assert await rows.until(1, within=10) == [1]


async def test_a_lane_stops_while_redis_is_away(server, lane, rows):
    async with lane(server.url, rows.handle) as stop:
        await kill(server)
        await asyncio.sleep(0.1)
        stop.set()


async def test_rings_to_a_missing_redis_are_quick_counted_and_said_once(server, caplog):
    await kill(server)
    async with RedisBell(server.url) as bell:
        for row in range(5):
            assert await took(bell.ring("fast", [row])) < 0.2
        assert bell.missed == 5
        assert caplog.text.count("Redis is away") == 1
        await server.start()
        await bell.ring("fast", [9])
        assert not bell.is_away
        assert bell.missed == 5


async def test_rings_to_a_hung_redis_wait_once_then_not_at_all(server):
    async with RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        server.process.send_signal(signal.SIGSTOP)
        assert await took(bell.ring("fast", [2])) < 0.3
        for row in range(20):
            assert await took(bell.ring("fast", [row])) < 0.05
        server.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(1.0)
        await bell.ring("fast", [3])
        assert not bell.is_away


async def test_a_read_only_redis_does_not_trouble_the_caller(server):
    redis = connect(server.url)
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    async with RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        assert bell.is_away
        await redis.execute_command("REPLICAOF", "NO", "ONE")
        await bell.ring("fast", [1])
        assert not bell.is_away
    assert await redis.zcard("qd:fast") == 1
    await redis.aclose()


async def test_an_ear_without_redis_is_just_its_timeout(server):
    await kill(server)
    async with Ear(server.url, "postman") as ear:
        assert ear.is_away
        assert 0.25 < await took(ear.heard(0.3)) < 0.6
        await server.start()
        assert await ear.heard(5.0)  # back: something may have been missed
        assert not await ear.heard(0.05)


@pytest.mark.parametrize("lane_name", ["postman", "fast"])
async def test_an_ear_hears_again_after_redis_was_restarted(server, lane_name):
    async with Ear(server.url, lane_name) as ear, RedisBell(server.url) as bell:
        await kill(server)
        assert not await ear.heard(0.2)
        await server.start()
        assert await ear.heard(5.0)
        await bell.ring(lane_name)
        assert await ear.heard(5.0)


async def test_a_lane_stops_soon_though_redis_hangs(server, lane, rows):
    async with lane(server.url, rows.handle, poll_delay=0.05) as stop:
        server.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.2)
        began = asyncio.get_running_loop().time()
        stop.set()
    assert asyncio.get_running_loop().time() - began < 4


async def test_a_slot_given_back_is_not_given_back_again_by_a_connection_lost_there(
    server, lane, rows, monkeypatch
):
    redis = connect(server.url)
    await redis.set(f"{in_progress_key_prefix}{job_id('fast', 1)}", b"1")
    lost = 0
    reset = Pipeline.reset

    async def breaks(pipe):
        nonlocal lost
        await reset(pipe)
        if lost < 3:
            lost += 1
            raise Lost("lost while it was put away")

    async with lane(server.url, rows.handle, max_jobs=2, poll_delay=0.05):
        async with RedisBell(server.url) as bell:
            monkeypatch.setattr(Pipeline, "reset", breaks)
            await bell.ring("fast", [1])
            while lost < 3:
                await asyncio.sleep(0.01)
            await redis.delete(f"{in_progress_key_prefix}{job_id('fast', 1)}")
            await bell.ring("fast", [2, 3])
            while not {1, 2, 3} <= set(rows.seen):
                await rows.until(len(rows.seen) + 1, within=10)
    await redis.aclose()
