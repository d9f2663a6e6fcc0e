"""A digest moved in the chat comes due at its new time, and at its own when it is moved back."""

from datetime import timedelta
from functools import partial

import pytest

from desk import digest
from desk.desk import Digests
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY
from tests.world import MONDAY, World, at, timetable, world
from trading.facts import Run, RunState
from worker.schedule import Schedule
from worker.timing import when


async def ready() -> World:
    w = await world()
    timetable(w.desk)
    exchange = lambda name: w.desk.calendar  # noqa: E731
    w.desk.digests = Digests(reads=partial(when, house=w.desk.calendar, exchange=exchange))
    return w


async def dues(w: World) -> list[str]:
    rows = await w.journal.read(Run, job="digest:end", due_at__gte=at(TUESDAY, 0), order="due_at")
    return [f"{w.desk.local(run.due_at):%H:%M}" for run in rows]


async def a_day(w: World, schedule: Schedule) -> None:
    w.go(TUESDAY, 14)
    while w.clock.at < at(TUESDAY, 22):
        await schedule.keep()
        w.clock.at += timedelta(minutes=5)


async def test_each_digest_comes_due_with_its_session():
    w = await ready()
    await a_day(w, Schedule(w.desk))
    rows = await w.journal.read(Run, due_at__gte=at(TUESDAY, 0), order="due_at")
    told = [
        (run.job, f"{w.desk.local(run.due_at):%H:%M}")
        for run in rows
        if run.job.startswith("digest:")
    ]
    assert told == [
        ("digest:start", "09:35"),
        ("digest:middle", "12:45"),
        ("digest:end", "16:20"),
    ]


async def test_a_moved_one_comes_at_its_new_time_alone():
    w = await ready()
    schedule = Schedule(w.desk)
    w.go(TUESDAY, 14)
    await schedule.keep()
    await said(w, "/digest move end XNYS close+45m")
    await a_day(w, schedule)
    assert await dues(w) == ["16:45"]
    assert "close+45m (moved)\nnext Wed 5 Feb 16:45" in await said(w, "/digest")


async def test_moved_back_it_comes_at_the_settings_own_time():
    w = await ready()
    timetable(w.desk, **{"digest:end": {"when": "close+10m"}})
    schedule = Schedule(w.desk)
    await said(w, "/digest move end 0 18 * * 1-5 Europe/Berlin")
    assert w.desk.jobs["digest:end"].when.text == "0 18 * * 1-5 Europe/Berlin"
    await said(w, "/digest move end default")
    assert "(end)\nclose+10m\n" in await said(w, "/digest")
    await a_day(w, schedule)
    assert await dues(w) == ["16:10"]


async def test_a_house_started_anew_knows_what_was_moved_before():
    w = await ready()
    await said(w, "/digest move end middle")
    timetable(w.desk)
    await a_day(w, Schedule(w.desk))
    assert await dues(w) == ["12:45"]


async def test_a_time_it_cannot_read_is_refused_in_one_line_and_moves_nothing():
    w = await ready()
    answer = await said(w, "/digest move end tea time")
    assert answer.startswith("'tea time': expected a cron expression and a zone (")
    assert "\n" not in answer
    assert await digest.moved(w.journal) == {}


@pytest.mark.parametrize("kind", digest.WHENS)
async def test_the_list_says_when_each_comes_next(kind: str):
    w = await ready()
    words = await said(w, "/digest")
    assert f"({kind})\n{digest.WHENS[kind]}\nnext " in words


@pytest.mark.parametrize("back", [False, True], ids=["moved", "moved back"])
async def test_a_move_across_the_day_leaves_no_run_that_was_missed(back: bool):
    """The end's digest of Monday came at its time; on Tuesday noon it is moved to the mornings."""
    w = await ready()
    schedule = Schedule(w.desk)
    w.go(MONDAY, 21, 20)
    await schedule.keep()
    w.go(TUESDAY, 17)
    await schedule.keep()
    await said(w, "/digest move end 0 9 * * 1-5")
    if back:
        w.go(TUESDAY, 23)
        await said(w, "/digest move end default")
    for _ in range(3):
        await schedule.keep()
        await Schedule(w.desk).keep()
        w.clock.at += timedelta(minutes=10)
    missed = await w.journal.read(Run, job="digest:end", state=RunState.MISSED)
    assert missed == []
    if not back:
        w.go(TUESDAY + timedelta(days=1), 14, 1)
        await schedule.keep()
        [_, due] = await w.journal.read(Run, job="digest:end", order="due_at")
        assert due.due_at == at(TUESDAY + timedelta(days=1), 14)
