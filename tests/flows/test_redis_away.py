"""Redis gone for ten minutes only delays: presses, runs and pictures are found by looking.

A real redis-server, killed; wall time at sixty seconds a second, so that ten minutes take ten.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from db.journal import open_journal
from house import _standing
from lanes.bell import RedisBell
from lanes.ears import Ear
from lanes.lane import run_lane
from lanes.server import RedisServer, start_redis
from tests.hurried import hurried
from tests.world import ANN, World, world
from trading.clocks import Clocks
from trading.facts import Notice, Picture, PictureState, Request, RequestState, Run, RunState
from trading.messages import Message
from trading.shift import Shift
from vitals import Measured, redis_pulse
from worker import draw, rounds, running
from worker.berths import Berths
from worker.watch import watch

RATE = 60.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = await start_redis(tmp_path)
    yield server
    await server.stop()


class House:
    """The fast and heavy lanes and the drawing, on one journal and one Redis."""

    def __init__(self, w: World, clocks: Clocks, ran: list[str]) -> None:
        self.w = w
        self.clocks = clocks
        self.ran = ran

    async def press(self, text: str) -> float:
        """Recorded and rung as the door does; the wall seconds until it is carried out."""
        began = self.clocks.wall.now()
        asked = await self.w.ask(text)
        await self.w.desk.bell.ring("fast", [asked])
        await until(lambda: self.w.journal.first(Request, id=asked, state=RequestState.DONE))
        return (self.clocks.wall.now() - began).total_seconds()

    async def told(self) -> list[str]:
        rows = await self.w.journal.read(Notice, recipient=ANN.id, answers__isnull=True)
        return [Message.from_json(row.body).plain.split("\n")[0] for row in rows]


@pytest.fixture
async def house(tmp_path: Path, server: RedisServer) -> AsyncIterator[House]:
    clocks, stop, ran = hurried(RATE), asyncio.Event(), []
    shift = Shift(stop)

    async def work(claimed: Run) -> str:
        ran.append(claimed.job)
        return "done"

    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(open_journal(tmp_path / "a.db"))
        bell = await stack.enter_async_context(RedisBell(server.url, patience=2.0))
        ear = await stack.enter_async_context(Ear(server.url, "draw"))
        w = await world(journal)
        w.desk.wall, w.desk.bell, w.desk.shift = clocks.wall, bell, shift
        w.desk.vitals = Measured(journal, server.url, tmp_path)
        berths = Berths(w.desk, lambda run: running.carry(w.desk, run, work), most=3)
        lane = partial(run_lane, redis_url=server.url, max_jobs=3, stop=stop, grace=0.5)
        loops = [
            lane("fast", handle=partial(rounds.carry_out, w.desk)),
            lane("heavy", handle=berths.take),
            rounds.sweep(w.desk, shift.rests(clocks.sleep)),
            berths.sweep(shift.rests(clocks.sleep)),
            draw.draw_all(w.desk, shift.rests(ear.heard), theme="dark"),
            watch(w.desk, "fast", shift.rests(clocks.sleep)),
            watch(w.desk, "heavy", shift.rests(clocks.sleep)),
        ]
        async with asyncio.TaskGroup() as group:
            for loop in (*loops, shift.over()):
                group.create_task(loop)
            yield House(w, clocks, ran)
            stop.set()


async def until(condition: Callable[[], Coroutine[Any, Any, Any]], within: float = 20.0) -> Any:
    async with asyncio.timeout(within):
        while not (found := await condition()):
            await asyncio.sleep(0.005)
    return found


PNL = {"days": [["2025-02-03", "10"]], "title": "P&L", "subtitle": "", "currency": "USD"}


async def test_ten_minutes_without_redis_only_delay(house: House, server: RedisServer):
    w, journal = house.w, house.w.journal
    await house.press("/start")
    assert server.process is not None
    server.process.kill()
    await server.process.wait()
    gone = house.clocks.wall.now()
    await until(lambda: away(house))
    slow = [await house.press("/positions") for _ in range(3)]
    await journal.append([Run("mark", w.clock.at)])
    await until(lambda: journal.first(Run, job="mark", state=RunState.DONE))
    [wanted] = await journal.append([Picture("pnl", PNL, house.clocks.wall.now())])
    drawn = await until(lambda: journal.first(Picture, id=wanted.id, state=PictureState.DRAWN))
    assert hashlib.sha256(drawn.png).hexdigest() == drawn.digest
    left = timedelta(minutes=10) - (house.clocks.wall.now() - gone)
    await house.clocks.sleep(max(left.total_seconds(), 0))  # it stays away as long as it says
    assert await house.told() == ["Redis is away: presses take up to 5 s"], "once"
    assert max(slow) < 5 + RATE, "five wall seconds, and one of a busy machine"
    await server.start()
    await until(lambda: back(house))
    assert await house.press("/start") < 5 + RATE
    told = await house.told()
    assert len(told) == 2
    assert told[1].startswith("Redis is back after ")
    requests = await journal.read(Request)
    assert {request.state for request in requests} == {RequestState.DONE}
    assert await journal.count(Notice, answers__isnull=False) == len(requests), "each once"
    assert house.ran == ["mark"]


async def away(house: House) -> bool:
    return any("away" in said for said in await house.told())


async def back(house: House) -> bool:
    return any("back" in said for said in await house.told())


async def test_up_says_what_is_wrong_with_a_redis_that_refuses(server: RedisServer):
    assert await _standing(server.url, "Quarterdeck is up.") == "Quarterdeck is up."
    said = await _standing("redis://:secret@127.0.0.1:1/0", "Quarterdeck is up.")
    assert said.startswith(
        "Quarterdeck is up.\nRedis is away: redis://127.0.0.1:1 does not answer: "
    )
    assert "Presses take up to 5 s" in said
    assert "secret" not in said
    await server.stop()
    assert "redis.sock does not answer" in await _standing(server.url, "")


async def test_a_redis_that_answers_is_measured(server: RedisServer):
    bell = RedisBell(server.url, patience=2.0)
    await bell.ring("heavy", [1, 2, 3])
    pulse = await redis_pulse(server.url)
    await bell.close()
    assert pulse.answers
    assert pulse.queued == {"fast": 0, "heavy": 3}
    assert 0 < pulse.ms < 1000
    assert pulse.version.count(".") == 2
