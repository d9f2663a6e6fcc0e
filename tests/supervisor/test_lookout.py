"""The lookout: deaths are told in a few edited messages, a child that hangs is killed and told."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.journal import OrmJournal, open_journal
from db.schema import migrate
from folder import instruments_file
from lookout import Lookout
from market.sample import sample_instruments
from settings import Settings, load
from supervisor import Child, Death, Supervisor
from tests.hurried import hurried
from trading.clocks import Clocks, SimulatedClock
from trading.facts import Beat, Lane, Notice
from trading.messages import Message
from trading.shift import Shift
from worker.watch import Watch

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    given = load(mode="demo", data=tmp_path / "data")
    given.data.mkdir()
    sample_instruments().save(instruments_file(given))
    return given


@pytest.fixture
async def journal(given: Settings) -> AsyncIterator[OrmJournal]:
    await migrate(given.database_url)
    async with open_journal(given.database_url) as journal:
        yield journal


def child(name: str, code: str = SLEEP) -> Child:
    return Child(name, [sys.executable, "-S", "-c", code])


@asynccontextmanager
async def house(lookout: Lookout, *children: Child) -> AsyncIterator[Supervisor]:
    """A supervisor with these children, and the lookout beside it."""
    stop = asyncio.Event()
    with Supervisor(lookout.settings.data, on_death=lookout.on_death) as supervisor:
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(supervisor.run([children], stop))
            watching = group.create_task(lookout.run(supervisor, Shift(stop)))
            try:
                yield supervisor
            finally:
                stop.set()
                await asyncio.wait([keeping])
                watching.cancel()


async def until(condition, within: float = 20.0):
    async with asyncio.timeout(within):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


async def told(journal: OrmJournal, word: str = "") -> list[tuple[str, str]]:
    """Subject and text, oldest first."""
    rows = await journal.read(Notice, lane=Lane.CRITICAL, recipient=1)
    found = [(row.subject, Message.from_json(row.body).plain) for row in rows]
    return [one for one in found if word in one[1]]


async def test_a_death_is_told_with_how_and_what_it_said_last(given: Settings, journal: OrmJournal):
    lookout = Lookout(given, frozenset({"fast"}))
    dying = child("fast", "import os; print('no bars today', flush=True); os.kill(os.getpid(), 9)")
    async with house(lookout, dying):
        [(subject, text), *_] = await until(lambda: told(journal))
    assert subject.startswith("death:fast:")
    head, _, last, where = text.splitlines()
    assert head == "Fast died (SIGKILL)"
    assert (last, where) == ("Its log ends: no bars today.", "More in fast.log under logs.")


def death(name: str, *, hopeless: bool = False) -> Death:
    return Death(name, 7, -9, 1.0, 0.5, hopeless, "the last word", Path("/data/logs/fast.log"))


async def test_a_crash_loop_is_two_messages_that_are_edited(given: Settings, journal: OrmJournal):
    at = SimulatedClock(datetime.fromisoformat("2025-02-03T21:05:00+00:00"))
    lookout = Lookout(given, frozenset({"fast"}), Clocks(wall=at))
    desk = await voice(given, journal, at)
    for number in range(1, 6):
        at.at += timedelta(seconds=3)
        await lookout.on_death(death("fast", hopeless=number == 5))
        await lookout.tell_deaths(desk)
        await lookout.tell_deaths(desk)
    said = await told(journal)
    assert len(said) == 5
    assert len({subject for subject, _ in said}) == 2
    assert said[3][1].startswith("Fast died (SIGKILL)\n4 times within a minute. It is started")
    assert said[4][1].startswith("Fast keeps dying (SIGKILL)\n5 times in 1 minute. It is tried")
    at.at += timedelta(minutes=5)
    await lookout.on_death(death("fast"))
    await lookout.tell_deaths(desk)
    assert len({subject for subject, _ in await told(journal)}) == 3, "another day's is news"


async def voice(given: Settings, journal: OrmJournal, at: SimulatedClock):
    from tests.world import world

    w = await world(journal)
    w.desk.wall = at
    return w.desk


async def test_deaths_while_the_database_is_away_are_told_when_it_is_back(
    given: Settings, tmp_path: Path
):
    database = given.data / "quarterdeck.sqlite3"
    database.mkdir()  # no file can be opened there
    lookout = Lookout(given, frozenset({"fast"}), hurried(100))
    async with house(lookout, child("fast")) as supervisor:
        await until(lambda: running(supervisor, "fast"))
        os.kill(supervisor.pids["fast"], signal.SIGKILL)
        await until(lambda: remembered(lookout))
        database.rmdir()
        await until(lambda: opened(database))
        async with open_journal(given.database_url) as journal:
            [(_, text), *_] = await until(lambda: told(journal, "died"))
    assert text.startswith("Fast died (SIGKILL)")


async def running(supervisor: Supervisor, name: str) -> bool:
    return name in supervisor.pids


async def remembered(lookout: Lookout) -> bool:
    return bool(lookout._falls)


async def opened(database: Path) -> bool:
    return database.is_file()


async def test_a_child_that_lives_and_does_not_beat_is_killed_started_again_and_told(
    given: Settings, journal: OrmJournal
):
    """At 60 wall seconds a second: three minutes of silence take three."""
    lookout = Lookout(given, frozenset({"fast"}), hurried(60))
    async with house(lookout, child("fast")) as supervisor:
        await until(lambda: running(supervisor, "fast"))
        first = supervisor.pids["fast"]
        os.kill(first, signal.SIGSTOP)
        await until(lambda: told(journal, "is silent"))
        assert supervisor.pids["fast"] == first, "a minute's silence is told, and no more"
        [(_, text)] = await until(lambda: told(journal, "died"))
        await until(lambda: running(supervisor, "fast"))
        assert supervisor.pids["fast"] != first
    assert text.startswith("Fast died (SIGKILL)\nOnce. It is started again.\nIt lived but gave no")
    assert re.search(r"no sign of life for \d+ minutes\.", text)


async def test_the_supervisor_beats_and_leaves_no_row_behind(given: Settings, journal: OrmJournal):
    lookout = Lookout(given, frozenset({"fast"}), hurried(60))
    async with house(lookout, child("fast")):
        await until(lambda: journal.count(Beat, name="supervisor", pid=os.getpid()))
        await until(lambda: journal.count(Beat, name="fast"))
        row = await journal.first(Beat, name="supervisor")
        assert row is not None
        await until(lambda: journal.count(Beat, name="supervisor", at__gt=row.at))
    assert await journal.read(Beat) == []


def test_a_watch_judges_nobody_before_it_has_looked():
    assert Watch(None).silence(Beat("a", datetime.max)) == timedelta(0)  # type: ignore[arg-type]
