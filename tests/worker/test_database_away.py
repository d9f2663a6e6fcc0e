"""Workers whose database goes away: what was done is recorded when it is back, once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.journal import OrmJournal, open_journal
from db.sqlite import SqliteStore
from tests.world import World, world
from trading.errors import ConfigError
from trading.facts import Beat, Notice, Picture, PictureState, Run, RunState
from worker import beats, draw, minding, rounds, running


@pytest.fixture
async def at_sea(tmp_path: Path) -> AsyncIterator[World]:
    async with open_journal(tmp_path / "desk.db") as journal:
        yield await world(journal)


async def read_only(w: World, *, on: bool) -> None:
    assert isinstance(w.journal, OrmJournal)
    assert isinstance(w.journal.store, SqliteStore)
    await w.journal.store.client.execute_query(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


class Rests:
    """Mends the database at the `mended`-th rest, ends the loop at the `last`-th."""

    def __init__(self, w: World, *, mended: int, last: int) -> None:
        self.w, self.mended, self.last, self.count = w, mended, last, 0

    async def __call__(self, _: float) -> None:
        self.count += 1
        if self.count == self.mended:
            await read_only(self.w, on=False)
        if self.count == self.last:
            raise EOFError
        await asyncio.sleep(0)


async def test_what_a_run_came_to_is_recorded_when_the_database_is_back(at_sea: World) -> None:
    w = at_sea
    await w.journal.append([Run("mark", w.clock.at)])
    done = 0

    async def work(_: Run) -> str:
        nonlocal done
        done += 1
        await read_only(w, on=True)
        return "3 books marked"

    rest = Rests(w, mended=3, last=9)
    await running.carry(w.desk, 1, work, rest=rest)
    assert (done, rest.count) == (1, 3)
    [run] = await w.journal.read(Run)
    assert (run.state, run.outcome, run.failures) == (RunState.DONE, "3 books marked", 0)


async def test_a_run_that_met_the_outage_is_tried_again_and_told_no_failure(at_sea: World) -> None:
    w = at_sea
    await w.journal.append([Run("mark", w.clock.at)])

    async def work(_: Run) -> str:
        await read_only(w, on=True)
        await w.journal.append([Beat("x", w.clock.at)])
        raise AssertionError("it was recorded")

    await running.carry(w.desk, 1, work, rest=Rests(w, mended=2, last=9))
    [run] = await w.journal.read(Run)
    assert (run.state, run.failures, run.starts) == (RunState.DUE, 0, 0)
    assert "cannot be written" in run.outcome
    assert await w.journal.count(Notice) == 0


async def test_the_loops_outlive_an_outage(at_sea: World) -> None:
    w = at_sea
    for loop in (
        lambda rest: rounds.trade(w.desk, rest, owner="fast"),
        lambda rest: rounds.sweep(w.desk, rest),
        lambda rest: draw.draw_all(w.desk, rest, theme="dark"),
        lambda rest: beats.beat(w.journal, w.clock, "fast", rest),
    ):
        await w.journal.append([Picture("nonsense", {}, w.clock.at)])
        await w.ask("/help")
        await read_only(w, on=True)
        with pytest.raises(EOFError):
            await loop(Rests(w, mended=3, last=6))
    [beat] = await w.journal.read(Beat)
    assert beat.version > 0
    assert await w.journal.count(Picture, state=PictureState.WANTED) == 1  # of after the drawing


async def test_a_process_of_an_older_version_ends_with_one_line(at_sea: World) -> None:
    w = at_sea
    journal = w.journal
    assert isinstance(journal, OrmJournal)
    rest = Rests(w, mended=99, last=3)
    with pytest.raises(EOFError):
        await minding.mind(w.desk, journal.same_version, rest)
    await journal.store.write(
        "INSERT INTO tortoise_migrations (app, name, applied_at) "
        "VALUES ('journal', '0099_options', '2027-01-01')"
    )
    with pytest.raises(ConfigError, match="a newer Quarterdeck has changed the database"):
        await minding.mind(w.desk, journal.same_version, rest)
