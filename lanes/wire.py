"""What crosses Redis: the names, the JSON, and how we connect."""

import asyncio
import json
import re
from contextlib import suppress
from typing import Any, cast

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from trading.errors import ConfigError

#: Lanes served by `run_lane`. Every other (postman, draw, orders, clock) is a loop that looks for
#: due rows itself and is only woken: jobs enqueued for it would pile up unread.
QUEUED = frozenset({"fast", "heavy"})

#: Redis is gone, refuses, is read-only, is full, or is something else: never our caller's problem.
AWAY = (RedisError, OSError, UnicodeError)

#: The one function a lane's worker has.
WORK = "work"

_GOODBYE = 0.5  # seconds a connection may take to close

_JOB_ID = re.compile(rb"[a-z][a-z_-]*:\d{1,19}")


def queue_of(lane: str) -> str:
    return f"qd:{lane}"


def channel_of(lane: str) -> str:
    return f"qd:wake:{lane}"


def job_id(lane: str, row: int) -> str:
    return f"{lane}:{row}"


def is_job_id(raw: bytes) -> bool:
    return _JOB_ID.fullmatch(raw) is not None


def dumps(value: Any) -> bytes:
    """JSON, never pickle: whoever can write to Redis must not be able to run code here."""
    return json.dumps(value).encode()


def loads(raw: bytes) -> Any:
    return json.loads(raw)


async def hang_up(redis: ArqRedis) -> None:
    """Lets go of a connection; one that cannot even be closed is going anyway."""
    with suppress(*AWAY):
        async with asyncio.timeout(_GOODBYE):
            await redis.aclose()


def connect(url: str, *, steady: bool = False) -> ArqRedis:
    """A client that connects when first used and again after every loss. `steady` keeps one
    connection for single commands, a third cheaper for who asks the same twice a second.
    Raises ConfigError for an address that is none.

    Who uses it bounds its answers with `asyncio.timeout`. redis-py's own `socket_timeout` goes
    through `asyncio.wait_for`, which on Python 3.11 can swallow a cancellation: loops that were
    told to end went on.
    """
    try:
        client = ArqRedis.from_url(url, socket_connect_timeout=2.0, single_connection_client=steady)
    except ValueError:  # whose text shows what may be a password
        raise ConfigError("setting 'redis' is an address like redis://host:6379/0") from None
    redis = cast("ArqRedis", client)
    redis.job_serializer = dumps
    redis.job_deserializer = loads
    return redis
