"""What comes due: a mark for every session missed, a scan for the latest only, nothing twice."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.world import MONDAY, World, at, world
from trading.facts import Mark, Run, RunState
from worker import schedule

FRIDAY = MONDAY.replace(day=7)
NEXT = MONDAY.replace(day=10)
MARK, SCAN = timedelta(minutes=2), timedelta(minutes=5)


async def due(w: World) -> list[tuple[str, datetime]]:
    return [(run.job, run.due_at) for run in await schedule.due_runs(w.desk)]


async def marked(w: World, day: date) -> None:
    await w.journal.append([Mark(day, "paper", "dip", "USD", 0, 0, 0, 0, 0)])


async def moved_on(w: World) -> None:
    """Whatever there is was done."""
    for run in await w.journal.read(Run, state=RunState.DUE):
        running = await w.journal.move(run, state=RunState.RUNNING)
        assert running is not None
        await w.journal.move(running, state=RunState.DONE)


async def test_nothing_is_due_before_its_time_and_all_of_it_from_that_moment_on():
    w = await world()
    w.clock.at = at(MONDAY, 21, 2) - timedelta(microseconds=1)
    await due(w)  # whatever the Friday before left
    assert await w.journal.count(Run, due_at__gt=at(MONDAY, 0)) == 0
    w.clock.at = at(MONDAY, 21, 2)
    assert await due(w) == [("mark", at(MONDAY, 21, 2))]
    w.clock.at = at(MONDAY, 21, 5) - timedelta(microseconds=1)
    assert await due(w) == []
    w.clock.at = at(MONDAY, 21, 5)
    assert await due(w) == [("scan:dip", at(MONDAY, 21, 5))]


async def test_nothing_is_due_twice_however_often_one_looks():
    w = await world()
    assert len(await due(w)) == 2
    assert await due(w) == []
    await moved_on(w)
    assert await due(w) == []
    w.go(MONDAY.replace(day=4), 14, 0)
    assert await due(w) == [("prune", at(MONDAY, 21, 20))]
    assert await due(w) == [], "the night has no session"


async def test_every_missed_session_is_marked_and_only_the_latest_scanned():
    w = await world()
    await due(w)
    await moved_on(w)
    await marked(w, MONDAY)
    w.go(FRIDAY, 21, 10)
    found = await due(w)
    missed = [at(MONDAY.replace(day=day), 21, 2) for day in (4, 5, 6, 7)]
    assert [run for run in found if run[0] == "mark"] == [("mark", at_) for at_ in missed]
    assert [run for run in found if run[0] != "mark"] == [("scan:dip", at(FRIDAY, 21, 5))]


async def test_over_a_weekend_fridays_work_is_made_up_for_and_saturday_has_none():
    w = await world()
    await marked(w, MONDAY.replace(day=6))
    w.go(MONDAY.replace(day=9), 12)  # Sunday
    found = await due(w)
    assert ("mark", at(FRIDAY, 21, 2)) in found
    assert ("scan:dip", at(FRIDAY, 21, 5)) in found
    assert {due_at.date() for _, due_at in found} == {MONDAY.replace(day=6), FRIDAY}
    assert len(found) == 4, "and the one pruning, and Thursday's mark, whose run nobody made"
    w.go(NEXT, 20, 59)
    assert await due(w) == [], "Monday's session is still open"
    w.go(NEXT, 21, 5)
    assert {job for job, _ in await due(w)} == {"mark", "scan:dip"}


async def test_a_long_absence_is_made_up_for_two_weeks_back():
    w = await world()
    await marked(w, MONDAY)
    w.go(date(2025, 4, 30), 21, 10)
    marks = [due_at for job, due_at in await due(w) if job == "mark"]
    assert min(marks).date() == date(2025, 4, 30) - schedule.CATCH_UP
    assert len(marks) == 11, "eleven weekdays in two weeks, both ends counted"


async def test_a_desk_that_never_traded_marks_the_latest_session_only():
    w = await world()
    w.go(FRIDAY, 21, 10)
    assert await due(w) == [("mark", at(FRIDAY, 21, 2)), ("scan:dip", at(FRIDAY, 21, 5))]


async def test_the_heavy_lane_is_rung_for_what_waits_and_what_was_left_behind():
    w = await world()
    await schedule.keep(w.desk)
    waiting = await w.journal.read(Run)
    assert w.bells.rung == [("heavy", tuple(run.id for run in waiting))]
    first, second = waiting
    lease = {"leased_until": w.clock.at + timedelta(minutes=10)}
    await w.journal.move(first, state=RunState.RUNNING, **lease)
    await w.journal.move(second, state=RunState.MISSED)
    w.bells.rung.clear()
    await schedule.keep(w.desk)
    assert w.bells.rung == [], "somebody is at it"
    w.clock.at += timedelta(minutes=10, seconds=1)
    await schedule.keep(w.desk)
    assert w.bells.rung == [("heavy", (first.id,))], "its owner's time has passed"


async def test_a_square_off_is_not_the_heavy_lanes():
    w = await world()
    await w.journal.append([Run("squareoff", w.clock.at, args={"cancelled": Decimal(0)})])
    for run in await schedule.due_runs(w.desk):
        await w.journal.move(run, state=RunState.MISSED)
    await schedule.keep(w.desk)
    assert w.bells.rung == []
