"""Watching each other: each process has a row of its own, and a silence is told once."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from desk import beats
from desk.vitals import HousePulse, RedisPulse
from tests.world import ANN, World, world
from trading.errors import QuarterdeckError
from trading.facts import Beat, Cursor, Lane, Notice
from trading.messages import Message
from trading.shift import Shift
from worker import upkeep
from worker.beats import Pulse, beat, born, lives
from worker.outages import RedisWatch
from worker.trouble import Trouble
from worker.watch import Watch

SECOND = timedelta(seconds=1)


async def told(w: World) -> list[str]:
    """What Ann was told, oldest first, as it was written."""
    rows = await w.journal.read(Notice, recipient=ANN.id)
    return [Message.from_json(row.body).plain for row in rows]


async def watched(w: World, seconds: float, *watches: Watch, beating: tuple[Pulse, ...] = ()):
    """Time passes in steps of ten seconds: some beat, all look."""
    for _ in range(int(seconds // 10)):
        w.clock.at += 10 * SECOND
        for pulse in beating:
            await pulse.go()
        for one in watches:
            await one.look()


def gone() -> int:
    """The pid of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    return ended.pid


class Broken:
    """A pulse of another process: the same, but with that one's pid."""

    def __new__(cls, w: World, name: str, pid: int) -> Pulse:  # type: ignore[misc]
        pulse = Pulse(w.journal, w.desk.wall, name)
        pulse._pid, pulse._born = pid, born(pid)
        return pulse


@pytest.fixture
def neighbour():
    """The pid of another process that lives."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as other:
        yield other.pid
        other.communicate()


# Rows


async def test_two_of_one_name_on_one_machine_have_a_row_each(neighbour: int):
    w = await world()
    first, second = Broken(w, "fast", neighbour), Pulse(w.journal, w.desk.wall, "fast")
    for _ in range(3):
        await first.go()
        await second.go()
    rows = {row.name: row.pid for row in await w.journal.read(Beat)}
    assert rows == {"fast": neighbour, "fast#2": os.getpid()}


async def test_the_second_of_a_named_machine_is_called_so(neighbour: int):
    w = await world()
    await Broken(w, "fast@alpha", neighbour).go()
    await Pulse(w.journal, w.desk.wall, "fast@alpha").go()
    rows = await w.journal.read(Beat, order="name")
    assert [row.name for row in rows] == ["fast#2@alpha", "fast@alpha"]
    assert {beats.part(row.name) for row in rows} == {"fast"}


async def test_who_is_started_again_takes_the_row_of_the_dead():
    w = await world()
    await w.journal.append([Beat("fast", w.clock.at - 5 * SECOND, gone(), {"born": "1"})])
    await Pulse(w.journal, w.desk.wall, "fast").go()
    [row] = await w.journal.read(Beat)
    assert (row.name, row.pid, row.at) == ("fast", os.getpid(), w.clock.at)


async def test_a_number_that_a_later_process_was_given_is_not_its_life():
    w = await world()
    [row] = await w.journal.append([Beat("fast", w.clock.at, os.getppid(), {"born": "7"})])
    assert not lives(row)
    await Pulse(w.journal, w.desk.wall, "fast").go()
    assert [row.pid for row in await w.journal.read(Beat)] == [os.getpid()]


async def test_a_watcher_that_writes_in_the_row_stops_no_beat():
    w = await world()
    pulse = Pulse(w.journal, w.desk.wall, "fast")
    await pulse.go()
    [row] = await w.journal.read(Beat)
    assert await w.journal.move(row, detail={**row.detail, beats.TOLD: "x"})
    w.clock.at += 10 * SECOND
    await pulse.go()
    [row] = await w.journal.read(Beat)
    assert row.at == w.clock.at
    assert row.detail[beats.TOLD] == "x"


@pytest.mark.parametrize(("in_order", "left"), [(True, 0), (False, 1)])
async def test_a_row_goes_with_who_ends_in_order_and_stays_of_who_breaks(in_order: bool, left: int):
    w = await world()
    stop, resting = asyncio.Event(), asyncio.Event()

    async def rest(_: float) -> None:
        resting.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(beat(w.journal, w.desk.wall, "fast", rest, Shift(stop)))
    await resting.wait()
    if in_order:
        stop.set()
    task.cancel()
    await asyncio.wait([task])
    assert await w.journal.count(Beat) == left


async def test_a_beat_outlives_the_database_being_away(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    rests: list[float] = []
    whole = w.journal.append

    async def away(_: Any) -> Any:
        raise QuarterdeckError("the database is away")

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            monkeypatch.setattr(w.journal, "append", whole)
        if len(rests) == 3:
            raise ZeroDivisionError("enough")

    monkeypatch.setattr(w.journal, "append", away)
    with pytest.raises(ZeroDivisionError):
        await beat(w.journal, w.desk.wall, "fast", rest)
    assert rests == [10.0] * 3
    assert await w.journal.count(Beat, name="fast") == 1


# Silences


async def test_a_silence_of_a_minute_is_told_once_by_all_and_told_again_when_it_ends():
    w = await world()
    fast, bot = Pulse(w.journal, w.desk.wall, "fast"), Pulse(w.journal, w.desk.wall, "bot")
    watches = [Watch(w.desk) for _ in range(5)]
    await fast.go()
    since = w.clock.at
    await watched(w, 60, *watches, beating=(bot,))
    assert await told(w) == []
    await watched(w, 60, *watches, beating=(bot,))
    [said] = await told(w)
    assert said.startswith("Fast is silent\nCommands, decisions and orders wait. ")
    assert "at 16:05:00 New York" in said
    await watched(w, 60, *watches, beating=(bot,))
    await fast.go()
    for one in watches:
        await one.look()
    assert (await told(w))[1:] == [
        "Fast is back after 3 minutes\nIt was silent from 16:05:00 New York."
    ]
    notices = await w.journal.read(Notice, recipient=ANN.id)
    assert {row.lane for row in notices} == {Lane.CRITICAL}
    assert {row.subject for row in notices} == {f"silence:fast:{since.isoformat()}"}
    await watched(w, 120, *watches, beating=(bot,))
    assert len(await told(w)) == 3, "the next silence is news again"


async def test_five_watchers_at_once_tell_once(migrated_pair: Any):
    """On a database, each on a connection of its own."""
    here, there = migrated_pair
    w = await world(here)
    other = await world(there)
    await here.append([Beat("fast", w.clock.at - timedelta(seconds=61), 1)])
    watches = [Watch(w.desk), Watch(other.desk), Watch(w.desk), Watch(other.desk), Watch(w.desk)]
    for _ in range(3):
        for one in watches:
            await one.look()
        w.clock.at += 30 * SECOND
        other.clock.at = w.clock.at
    assert await told(w) == []
    await asyncio.gather(*(one.look() for one in watches))
    assert len(await told(w)) == 1


async def test_one_of_two_falls_silent_while_the_other_lives(neighbour: int):
    w = await world()
    first, second = Broken(w, "fast", neighbour), Pulse(w.journal, w.desk.wall, "fast")
    await first.go()
    await second.go()
    await watched(w, 80, Watch(w.desk), beating=(first,))
    [said] = await told(w)
    assert said.startswith("Fast#2 is silent")


async def test_who_comes_back_from_a_stop_of_its_own_accuses_nobody():
    w = await world()
    watch = Watch(w.desk)
    await w.journal.append([Beat("fast", w.clock.at, 1)])
    await watch.look()
    w.clock.at += timedelta(hours=8)  # the machine slept
    await watched(w, 30, watch)
    assert await told(w) == []
    await watched(w, 20, watch)
    assert len(await told(w)) == 1


async def test_a_clock_that_is_behind_on_another_machine_is_no_silence():
    w = await world()
    [row] = await w.journal.append([Beat("heavy@beta", w.clock.at, 1)])
    watch = Watch(w.desk)
    for _ in range(20):
        w.clock.at += 10 * SECOND
        row = await w.journal.move(row, at=w.clock.at - timedelta(minutes=5))
        assert row
        await watch.look()
    assert await told(w) == []


async def test_who_was_not_heard_of_for_a_day_is_expected_no_more():
    w = await world()
    await w.journal.append([Beat("fast", w.clock.at - timedelta(hours=25), 1)])
    await watched(w, 120, Watch(w.desk))
    assert await told(w) == []
    await upkeep.housekeeping(w.desk, None, None)  # type: ignore[arg-type]
    assert await w.journal.count(Beat) == 0


async def test_a_beat_between_the_look_and_the_word_is_no_silence(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    pulse, watch = Pulse(w.journal, w.desk.wall, "fast"), Watch(w.desk)
    await pulse.go()
    await watched(w, 60, watch)
    w.clock.at += 10 * SECOND
    read = w.journal.read

    async def raced(kind: Any, **where: Any) -> Any:
        rows = await read(kind, **where)
        if kind is Beat:
            await pulse.go()
        return rows

    monkeypatch.setattr(w.journal, "read", raced)
    await watch.look()
    monkeypatch.undo()
    assert await told(w) == []


# Redis


class Vitals:
    """Redis as a test says it is."""

    def __init__(self) -> None:
        self.answers = True

    async def redis(self) -> RedisPulse:
        return RedisPulse(self.answers, "" if self.answers else "redis://host refuses", 0.2, "7.0")

    async def house(self) -> HousePulse:
        return HousePulse("SQLite 3", 0.1, 10**11, 10**12, {})


async def test_redis_away_is_told_once_among_all_and_once_when_it_is_back():
    w = await world()
    w.desk.vitals = vitals = Vitals()
    watches = [RedisWatch(w.desk, name) for name in ("fast", "bot", "heavy")]
    for name in ("fast", "bot", "heavy"):
        await w.journal.append([Beat(name, w.clock.at)])

    async def look(times: int) -> None:
        for _ in range(times):
            for one in watches:
                await one.look()

    await look(1)
    vitals.answers = False
    await look(1)
    assert await told(w) == [], "a restart of Redis is no news"
    w.clock.at += 10 * SECOND
    await look(5)
    [said] = await told(w)
    assert said.startswith("Redis is away: presses take up to 5 s\nRedis://host refuses. Nothing")
    vitals.answers = True
    w.clock.at += 5 * SECOND
    await look(3)
    assert (await told(w))[1:] == [
        "Redis is back after 15 seconds\nPresses are carried out at once."
    ]
    assert [c.value for c in await w.journal.read(Cursor, name="redis:away")] == [""]


async def test_one_machine_cut_off_from_redis_is_not_contradicted_by_the_others():
    w = await world()
    cut, fine = RedisWatch(w.desk, "heavy@beta"), RedisWatch(w.desk, "fast@alpha")
    await w.journal.append([Beat("heavy@beta", w.clock.at)])
    vitals = Vitals()
    w.desk.vitals = vitals
    for _ in range(4):
        vitals.answers = False
        await cut.look()
        vitals.answers = True
        await fine.look()
    assert len(await told(w)) == 1
    w.clock.at += timedelta(minutes=2)  # heavy is gone, and cannot say that Redis answers it
    await fine.look()
    assert len(await told(w)) == 2


def test_trouble_is_said_once_an_outage(capsys: pytest.CaptureFixture[str]):
    trouble = Trouble("sweep")
    for failing in (True, True, True, False, False, True):
        with trouble.noted():
            if failing:
                raise QuarterdeckError("the disk is full")
    said = capsys.readouterr().out
    assert said.count("the disk is full") == 2
    with pytest.raises(ZeroDivisionError), trouble.noted():
        raise ZeroDivisionError
