"""Whether Redis answers, how fast, and how many jobs lie in its lanes."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter

from lanes.wire import QUEUED, connect, queue_of

PATIENCE = 1.0  # seconds for all of it


@dataclass(frozen=True, slots=True)
class Depths:
    ms: float  # of one PING
    version: str
    queued: Mapping[str, int]  # by lane


async def depths(url: str) -> Depths:
    """Raises one of `lanes.wire.AWAY` where Redis is gone, refuses or does not answer in time."""
    async with aclosing(connect(url)) as redis, asyncio.timeout(PATIENCE):
        await redis.ping()  # connects
        began = perf_counter()
        await redis.ping()
        ms = (perf_counter() - began) * 1000
        queued = {lane: int(await redis.zcard(queue_of(lane))) for lane in sorted(QUEUED)}
        told = await redis.info("server")
    return Depths(ms, str(told.get("redis_version", "")), queued)
