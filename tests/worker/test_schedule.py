"""What comes due after a night, a holiday, a pause, a year's end: once each, never too late."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.calendars import ExchangeCalendar
from tests.world import ANN, MONDAY, Weekdays, World, at, timetable, world
from trading.facts import Notice, Pause, Run, RunState
from trading.messages import Message
from trading.money import Mark
from worker import schedule, upkeep
from worker.running import carry
from worker.schedule import Schedule

TUESDAY, FRIDAY, NEXT = (MONDAY.replace(day=day) for day in (4, 7, 10))
SAID = ("mark", "scan:dip")


async def desk(**given: dict[str, Any]) -> World:
    w = await world()
    timetable(w.desk, **given)
    return w


async def due(w: World, *names: str) -> list[tuple[str, datetime]]:
    """The runs that one look makes, of the jobs named."""
    runs = await schedule.due_runs(w.desk)
    return [(run.job, run.due_at) for run in runs if run.job in (names or SAID)]


async def missed(w: World, *names: str) -> list[tuple[str, datetime]]:
    rows = await w.journal.read(Run, state=RunState.MISSED, order="due_at")
    return [(run.job, run.due_at) for run in rows if run.job in (names or SAID)]


async def told(w: World) -> list[str]:
    rows = await w.journal.read(Notice, recipient=ANN.id)
    return [Message.from_json(row.body).plain for row in rows]


async def done(w: World) -> None:
    """Whatever there is was carried out."""
    for run in await w.journal.read(Run, state=RunState.DUE):
        running = await w.journal.move(run, state=RunState.RUNNING)
        assert running is not None
        await w.journal.move(running, state=RunState.DONE)


async def test_nothing_is_due_before_its_time_and_all_of_it_from_that_moment_on():
    w = await desk()
    w.clock.at = at(MONDAY, 21, 2) - timedelta(microseconds=1)
    await due(w)  # whatever the Friday before left
    assert await w.journal.count(Run, due_at__gt=at(MONDAY, 21)) == 0
    w.clock.at = at(MONDAY, 21, 2)
    assert await due(w) == [("mark", at(MONDAY, 21, 2))]
    w.clock.at = at(MONDAY, 21, 5) - timedelta(microseconds=1)
    assert await due(w) == []
    w.clock.at = at(MONDAY, 21, 5)
    assert await due(w) == [("scan:dip", at(MONDAY, 21, 5))]


async def test_nothing_is_due_twice_however_often_one_looks():
    w = await desk()
    assert len(await due(w)) == 2
    assert await due(w) == []
    await done(w)
    assert await due(w) == []
    w.go(TUESDAY, 14, 0)
    assert await due(w) == [], "the night has no session"


async def test_every_missed_session_is_marked_and_only_the_latest_scanned():
    w = await desk()
    await due(w)
    await done(w)
    w.go(FRIDAY, 21, 10)
    between = [MONDAY.replace(day=day) for day in (4, 5, 6)]
    assert await due(w) == [
        *(("mark", at(day, 21, 2)) for day in (*between, FRIDAY)),
        ("scan:dip", at(FRIDAY, 21, 5)),
    ]
    assert await missed(w) == [("scan:dip", at(day, 21, 5)) for day in between]
    [said] = await told(w)
    assert said.startswith("3 runs missed\nscan:dip, due Thu 6 Feb 16:05 and 2 before: ")


async def test_of_what_does_not_catch_up_only_the_latest_runs_however_long_its_limit():
    w = await desk(**{"scan:dip": {"within": "7d"}})
    await due(w)
    w.go(FRIDAY, 20)
    assert await due(w, "scan:dip") == [("scan:dip", at(MONDAY.replace(day=6), 21, 5))]
    assert len(await missed(w)) == 2


async def test_a_night_missed_is_made_up_for_in_the_morning_before_the_open():
    w = await desk()
    w.go(MONDAY, 12)
    await due(w)
    w.go(TUESDAY, 13)  # down from before the close
    assert await due(w) == [("mark", at(MONDAY, 21, 2)), ("scan:dip", at(MONDAY, 21, 5))]
    assert await told(w) == []


async def test_a_night_missed_and_found_after_the_open_is_marked_and_not_scanned():
    w = await desk()
    w.go(MONDAY, 12)
    await due(w)
    w.go(TUESDAY, 14, 30)
    assert await due(w) == [("mark", at(MONDAY, 21, 2))]
    assert await missed(w) == [("scan:dip", at(MONDAY, 21, 5))]
    [said] = await told(w)
    assert "scan:dip, due Mon 3 Feb 16:05: found 17 hours late, its limit is next open." in said


async def test_over_a_weekend_fridays_work_is_made_up_for_and_saturday_has_none():
    w = await desk()
    w.go(FRIDAY, 12)
    await due(w)
    w.go(MONDAY.replace(day=9), 12)  # Sunday
    assert await due(w) == [("mark", at(FRIDAY, 21, 2)), ("scan:dip", at(FRIDAY, 21, 5))]
    w.go(NEXT, 14, 29)
    assert await due(w) == []
    w.go(NEXT, 21, 5)
    assert {job for job, _ in await due(w)} == {"mark", "scan:dip"}


async def test_a_long_absence_is_made_up_for_two_weeks_back_and_the_rest_is_said():
    w = await desk()
    await due(w)
    w.go(date(2025, 2, 28), 21, 10)
    marks = [due_at for job, due_at in await due(w) if job == "mark"]
    assert min(marks) == at(date(2025, 2, 17), 21, 2), "14 days before would be a minute too many"
    assert len(marks) == 10
    lost = [due_at.date() for job, due_at in await missed(w, "mark")]
    assert lost == [d for d in (date(2025, 2, n) for n in range(4, 15)) if d.weekday() < 5]
    [said] = await told(w)
    assert "mark, due Fri 14 Feb 16:02 and 8 before: found 14 days late" in said


async def test_a_desk_that_never_ran_begins_with_the_latest_only():
    w = await desk()
    await w.journal.append([Mark(MONDAY, "paper", "dip", "USD", 0, 0, 0, 0, 0)])
    w.go(FRIDAY, 21, 10)
    assert await due(w) == [("mark", at(FRIDAY, 21, 2)), ("scan:dip", at(FRIDAY, 21, 5))]
    assert await missed(w) == []


async def test_two_processes_that_look_at_once_make_each_run_once_and_tell_it_once():
    w = await desk()
    w.go(MONDAY, 12)
    await due(w)
    w.go(TUESDAY, 14, 30)
    both = await asyncio.gather(Schedule(w.desk).look(), Schedule(w.desk).look())
    made = [run.id for runs in both for run in runs]
    assert len(made) == len(set(made)) > 0
    assert len(await told(w)) == 1


async def test_an_asked_for_run_hides_none_of_the_schedules():
    w = await desk()
    w.go(MONDAY, 12)
    await due(w)
    w.go(TUESDAY, 12)
    await w.journal.append([Run("mark", w.clock.at, request_id=7)])
    assert ("mark", at(MONDAY, 21, 2)) in await due(w)


# Holidays, half-days, changed clocks


@pytest.fixture(scope="module")
def xnys(tmp_path_factory: pytest.TempPathFactory) -> ExchangeCalendar:
    return ExchangeCalendar.open("XNYS", tmp_path_factory.mktemp("calendars"))


@pytest.mark.parametrize(
    ("before", "holiday"),
    [(date(2025, 4, 17), date(2025, 4, 18)), (date(2025, 1, 8), date(2025, 1, 9))],
    ids=["Good Friday", "the day of mourning for President Carter"],
)
async def test_a_holiday_has_no_runs(xnys: ExchangeCalendar, before: date, holiday: date):
    w = await desk()
    w.desk.calendar = xnys
    timetable(w.desk)
    w.go(before, 23)
    assert {due_at.date() for _, due_at in await due(w)} == {before}
    w.go(holiday, 23)
    assert await due(w) == []
    assert await due(w, "freshness", "housekeeping") == []


async def test_a_half_day_is_marked_and_scanned_after_its_own_close(xnys: ExchangeCalendar):
    w = await desk()
    w.desk.calendar = xnys
    timetable(w.desk)
    day = date(2025, 11, 28)  # after Thanksgiving: New York closes at 13:00, 18:00 UTC
    w.go(day, 17, 59)
    await due(w)
    w.go(day, 18, 5)
    assert sorted(await due(w)) == [("mark", at(day, 18, 2)), ("scan:dip", at(day, 18, 5))]


async def test_a_job_of_berlins_mornings_keeps_berlins_clock_beside_new_yorks(
    xnys: ExchangeCalendar,
):
    """Between the changes of 2025, Berlin and New York are five hours apart, not six."""
    w = await desk(housekeeping={"when": "0 6 * * 1-5 Europe/Berlin"})
    w.desk.calendar = xnys
    timetable(w.desk, housekeeping={"when": "0 6 * * 1-5 Europe/Berlin"})
    seen = {}
    w.go(date(2025, 3, 6), 23)
    await due(w)
    for day in (date(2025, 3, 7), date(2025, 3, 10), date(2025, 3, 31)):
        w.go(day, 23)
        runs = dict(await due(w, "housekeeping", "mark"))
        seen[day.day] = (runs["housekeeping"].hour, runs["mark"].hour)
        await done(w)
    assert seen == {7: (5, 21), 10: (5, 20), 31: (4, 20)}


# Pauses


async def pause(w: World, job: str, until: datetime | None = None) -> Pause:
    [row] = await w.journal.append([Pause(job, w.clock.at, until, "operator:1")])
    return row


async def test_a_paused_week_of_scans_is_gone_and_its_marks_are_made_up_for():
    w = await desk()
    await due(w)
    await done(w)
    kept = Schedule(w.desk)
    rows = [await pause(w, job) for job in SAID]
    for day in (4, 5, 6, 7):
        w.go(MONDAY.replace(day=day), 21, 30)
        assert [run for run in await kept.look() if run.job in SAID] == []
    for row in rows:
        await w.journal.move(row, until=w.clock.at)
    marks = [run.due_at for run in await kept.look() if run.job in SAID]
    assert marks == [at(MONDAY.replace(day=day), 21, 2) for day in (4, 5, 6, 7)]
    assert [job for job, _ in await missed(w)] == ["scan:dip"] * 4
    assert await told(w) == [], "who paused it knows"


async def test_a_pause_that_ends_by_itself_ends_on_its_minute():
    w = await desk()
    await due(w)
    await pause(w, "scan:dip", at(TUESDAY, 21, 5))
    w.go(TUESDAY, 21, 5)
    assert ("scan:dip", at(TUESDAY, 21, 5)) in await due(w)


async def test_what_was_missed_before_a_pause_is_not_excused_by_it():
    w = await desk()
    w.go(MONDAY, 12)
    await due(w)
    w.go(TUESDAY, 13)
    await pause(w, "scan:dip")
    assert ("scan:dip", at(MONDAY, 21, 5)) in await due(w)


async def test_a_job_switched_off_makes_no_run():
    w = await desk(mark={"enabled": False})
    assert [job for job, _ in await due(w)] == ["scan:dip"]


# The end of the calendar


async def test_past_the_calendars_end_the_looks_go_on_and_it_is_told_once_a_day():
    w = await world()
    w.desk.calendar = Weekdays(known_through=MONDAY)
    timetable(w.desk)
    w.go(MONDAY, 23)
    await due(w)
    w.go(TUESDAY, 23)
    kept = Schedule(w.desk)
    for minute in range(5):
        w.clock.at = at(TUESDAY, 23, minute)
        await kept.keep()
    assert {run.job for run in await w.journal.read(Run, due_at__gt=at(MONDAY, 23))} == {"calendar"}

    async def work(run: Run) -> str:
        return await upkeep.calendar(w.desk, None, run)  # type: ignore[arg-type]

    for run in await w.journal.read(Run, job="calendar", state=RunState.DUE):
        await carry(w.desk, run.id, work)
    [said] = [text for text in await told(w) if text.startswith("Job failed: calendar")]
    assert "the calendar ends on 2025-02-03" in said


@pytest.mark.parametrize(("days", "count"), [(29, 1), (30, 0)])
async def test_the_calendars_end_is_told_a_month_before(days: int, count: int):
    w = await world()
    w.desk.calendar = Weekdays(known_through=MONDAY + timedelta(days=days))
    outcome = await upkeep.calendar(w.desk, None, Run("calendar", w.clock.at))  # type: ignore[arg-type]
    assert outcome.startswith("XNYS known to ")
    assert len([text for text in await told(w) if "calendar ends in 29 days" in text]) == count


# Ringing


async def test_the_heavy_lane_is_rung_for_what_waits_and_what_was_left_behind():
    w = await desk()
    kept = Schedule(w.desk)
    await kept.keep()
    first, *others = await w.journal.read(Run)
    assert w.bells.rung == [("heavy", tuple(run.id for run in (first, *others)))]
    lease = {"leased_until": w.clock.at + timedelta(minutes=1)}
    await w.journal.move(first, state=RunState.RUNNING, **lease)
    for run in others:
        await w.journal.move(run, state=RunState.MISSED)
    w.bells.rung.clear()
    await kept.keep()
    assert w.bells.rung == [], "somebody is at it"
    w.clock.at += timedelta(minutes=1, seconds=1)
    await kept.keep()
    assert w.bells.rung == [("heavy", (first.id,))], "its owner's time has passed"


def test_runs_of_one_job_are_rung_one_after_the_other_and_not_before_their_pause():
    wall = datetime(2025, 2, 3, tzinfo=UTC)
    later = wall + timedelta(seconds=5)
    rows = [
        Run("mark", wall, RunState.RUNNING, leased_until=later, id=1),
        Run("mark", later, id=2),
        Run("scan:dip", wall, id=3),
        Run("scan:dip", later, id=4),
        Run("expire", wall, not_before=later, id=5),
    ]
    assert [run.id for run in schedule.ready_runs(rows, wall)] == [3]
    assert [run.id for run in schedule.ready_runs(rows, later + timedelta(seconds=1))] == [1, 3, 5]


async def test_a_square_off_is_not_the_heavy_lanes():
    w = await world()
    await w.journal.append([Run("squareoff", w.clock.at, args={"cancelled": Decimal(0)})])
    await Schedule(w.desk).keep()
    assert w.bells.rung == []


async def test_a_look_at_nothing_asks_the_database_nothing():
    w = await desk()
    kept = Schedule(w.desk)
    await kept.look()
    w.desk.journal = None  # type: ignore[assignment]
    w.clock.at += timedelta(minutes=1)
    assert await kept.look() == []
