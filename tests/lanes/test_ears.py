"""Ears of plain loops: a ring ends the wait, rings are remembered, many are one."""

import asyncio

import pytest

from lanes.bell import RedisBell
from lanes.ears import Ear
from lanes.wire import connect


async def test_silence_is_false_after_the_timeout(server):
    async with Ear(server.url, "postman") as ear:
        assert not await ear.heard(0.05)


async def test_a_ring_ends_the_wait(server):
    async with Ear(server.url, "postman") as ear, RedisBell(server.url) as bell:
        async with asyncio.TaskGroup() as group:
            heard = group.create_task(ear.heard(10.0))
            await asyncio.sleep(0.05)
            await bell.ring("postman")
        assert heard.result()


async def test_rings_while_busy_are_remembered_as_one(server):
    async with Ear(server.url, "postman") as ear, RedisBell(server.url) as bell:
        for _ in range(50):
            await bell.ring("postman")
        await asyncio.sleep(0.05)
        assert await ear.heard(0.0)
        assert not await ear.heard(0.05)


async def test_a_cancelled_wait_loses_nothing(server):
    async with Ear(server.url, "postman") as ear, RedisBell(server.url) as bell:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await ear.heard(10.0)
        await bell.ring("postman")
        assert await ear.heard(1.0)


async def test_an_ear_hears_only_its_own_lane(server):
    async with Ear(server.url, "postman") as ear, RedisBell(server.url) as bell:
        await bell.ring("clock")
        await bell.ring("fast", [1])
        assert not await ear.heard(0.05)


async def test_ringing_a_plain_listener_leaves_nothing_in_redis(server):
    redis = connect(server.url)
    async with RedisBell(server.url) as bell:
        for lane in ("postman", "draw", "orders", "clock"):
            await bell.ring(lane, [1, 2])
        await bell.ring("fast")
    assert await redis.dbsize() == 0
    await redis.aclose()


async def test_an_ear_on_a_queued_lane_hears_rings_with_rows(server):
    async with Ear(server.url, "fast") as ear, RedisBell(server.url) as bell:
        await bell.ring("fast", [4])
        assert await ear.heard(1.0)
