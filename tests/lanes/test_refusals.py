"""A Redis that refuses, is full, a replica, loading, hung or no Redis at all: one line that says
what to do, callers and lanes go on, and what is rung after it is mended arrives."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from lanes.bell import RedisBell
from lanes.ears import Ear
from lanes.outage import advice
from lanes.wire import connect

Admin = Callable[..., Awaitable[object]]


@pytest.fixture
async def admin(server) -> AsyncIterator[Admin]:
    """A command of the house's own, whatever others may."""
    redis = connect(server.url, steady=True)
    await redis.ping()

    async def ask(*words: str) -> object:
        return await redis.execute_command(*words)

    yield ask
    await redis.aclose()


#: What breaks it, what mends it, what the operator reads.
FAULTS = {
    "full": (
        [("CONFIG", "SET", "maxmemory", "1")],
        [("CONFIG", "SET", "maxmemory", "0")],
        "it is full: raise its maxmemory",
    ),
    "replica": (
        [("REPLICAOF", "127.0.0.1", "1")],
        [("REPLICAOF", "NO", "ONE")],
        "it is a read-only replica: name its primary",
    ),
    "no replicas": (
        [("CONFIG", "SET", "min-replicas-to-write", "1")],
        [("CONFIG", "SET", "min-replicas-to-write", "0")],
        "it lacks the replicas it must write to",
    ),
    "no permission": (
        [("ACL", "SETUSER", "desk", "on", "nopass", "-@all", "+ping")],
        [("ACL", "SETUSER", "desk", "+@all", "~*", "&*")],
        "grant its user the keys qd:*",
    ),
    "wrong password": (
        [("ACL", "SETUSER", "desk", "on", "resetpass", ">another", "+@all", "~*", "&*")],
        [("ACL", "SETUSER", "desk", "nopass")],
        "refused this user or password: correct QUARTERDECK_REDIS",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_redis_that_refuses_is_said_once_and_met_again(
    server, admin, lane, rows, caplog, fault
):
    breaks, mends, words = FAULTS[fault]
    url = server.url
    if fault in ("no permission", "wrong password"):
        url = url.replace("unix://", "unix://desk:secret-word@")
    for command in breaks:
        await admin(*command)
    async with lane(url, rows.handle, poll_delay=0.1), RedisBell(url, patience=2.0) as bell:
        for _ in range(3):
            await bell.ring("fast", [1])
        assert bell.is_away
        for command in mends:
            await admin(*command)
        await bell.ring("fast", [2])
        assert not bell.is_away
        assert 2 in await rows.until(1, within=10)
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("bell: Redis is a")]
    assert len(told) == 1
    assert words in told[0]
    assert "secret-word" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


@asynccontextmanager
async def other_program(answer: bytes) -> AsyncIterator[str]:
    """Something on the port that answers whatever it is told in its own way."""
    talks: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(writer)
        try:
            while await reader.read(1000):
                writer.write(answer * 6)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        for writer in talks:
            writer.close()


NONSENSE = (
    b"220 smtp ready\r\n",
    b"SSH-2.0-OpenSSH_9\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b":abc\r\n",
    b"$abc\r\n",
    b"*x\r\n",
    b"+OK\r\n",
    b"*1\r\n:1\r\n",
    b"*-1\r\n",
    b"$-1\r\n",
    b"-\xff\xfe\r\n",
    b"$5\r\n\xff\xfe\xfd\xfc\xfb\r\n",
    b"%1\r\n+a\r\n+b\r\n",
    *(bytes(random.Random(seed).randbytes(40)) + b"\r\n" for seed in range(4)),
)


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: repr(answer[:12]))
async def test_another_program_on_the_port_troubles_nobody(lane, rows, answer):
    async with other_program(answer) as url, RedisBell(url) as bell, Ear(url, "postman") as ear:
        await bell.ring("fast", [1, 2])
        await ear.heard(0.05)
        async with lane(url, rows.handle, poll_delay=0.05):
            await asyncio.sleep(0.2)
    assert rows.seen == []


async def test_another_program_on_the_port_is_named(caplog):
    async with other_program(b"220 smtp ready\r\n") as url, RedisBell(url) as bell:
        await bell.ring("fast", [1])
    assert "no Redis answers there: correct QUARTERDECK_REDIS" in caplog.text


async def test_a_redis_that_is_loading_its_file_is_said_to(caplog):
    answer = b"-LOADING Redis is loading the dataset in memory\r\n"
    async with other_program(answer) as url, RedisBell(url) as bell:
        await bell.ring("fast", [1])
    assert "it is reading its file and answers when that is done" in caplog.text


async def test_a_hung_redis_is_said_to_hang(server, caplog):
    async with RedisBell(server.url) as bell:
        await bell.ring("fast", [1])
        server.process.send_signal(signal.SIGSTOP)
        await bell.ring("fast", [2])
    assert "it does not answer: see whether it hangs" in caplog.text


def test_a_refused_connection_wants_a_start():
    assert advice(ConnectionRefusedError("refused")) == "start it, or correct QUARTERDECK_REDIS"
