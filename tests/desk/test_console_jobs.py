"""/jobs: what runs by itself as a phone shows it, and what its buttons change."""

import re
from datetime import date, timedelta

import pytest

from desk.console.verbs import handle
from desk.desk import Plan
from tests.world import ANN, BOB, MONDAY, World, at, timetable, world
from trading.facts import Notice, Pause, Run, RunState
from trading.messages import Button, Message
from trading.types import Holding, Moment

TUESDAY = MONDAY.replace(day=4)


async def desk() -> World:
    w = await world()
    w.desk.plans = {
        "dip": Plan("dip"),
        "intraday_gap_up": Plan("intraday_gap_up", Moment.OPEN, Holding.SESSION),
    }
    timetable(w.desk)
    return w


async def said(w: World, text: str, *, pressed: bool = False) -> Message:
    request = await w.ask(text, pressed=pressed)
    await handle(w.desk, request)
    [row] = await w.journal.read(Notice, answers=request)
    assert row.edits is (pressed and not text.startswith("/jobs retry"))
    return Message.from_json(row.body)


async def ran(w: World, job: str, minute: int, state: RunState, outcome: str = "") -> Run:
    start = at(MONDAY, 21, minute)
    [run] = await w.journal.append(
        [Run(job, start, state, started_at=start, finished_at=start + timedelta(seconds=3),
             outcome=outcome)]
    )  # fmt: skip
    return run


def labels(message: Message) -> list[list[str]]:
    return [[button.label for button in row] for row in message.buttons]


def button(message: Message, label: str) -> Button:
    return next(b for row in message.buttons for b in row if b.label == label)


async def test_the_list_says_how_each_went_and_when_it_comes_next_in_two_short_lines():
    w = await desk()
    await ran(w, "mark", 2, RunState.DONE, "2 books marked")
    await ran(w, "scan:dip", 5, RunState.FAILED, "bars cannot be read")
    w.go(MONDAY, 23)
    text = (await said(w, "/jobs")).plain
    assert re.match(rf"{len(w.desk.jobs)} jobs, 1/[2-9], New York time\n", text)
    assert "\nmark\n✔ Mon 16:02, 3.0 s, next Tue 16:02\n" in text
    assert "\nscan:dip\n✖ Mon 16:05, next Tue 16:05\n" in text
    assert "\nexecute:open\nnot run yet, next Tue 09:32\n" in text
    assert max(len(line) for line in text.splitlines()) <= 35, "about what 360 px show in a line"


async def test_pages_are_turned_and_a_job_opened_by_its_button():
    w = await desk()
    first = await said(w, "/jobs")
    assert labels(first)[-1] == ["More ›"]
    pages = [first]
    while any(b.label == "More ›" for row in pages[-1].buttons for b in row):
        more = button(pages[-1], "More ›")
        pages.append(await said(w, "/jobs " + " ".join(more.args), pressed=True))
        assert "‹ Back" in labels(pages[-1])[-1]
    assert labels(pages[-1])[-1] == ["‹ Back"]
    names = [label for page in pages for row in labels(page)[:-1] for label in row]
    assert sorted(names) == sorted(w.desk.jobs)
    mark = await said(w, "/jobs " + " ".join(button(first, "mark").args), pressed=True)
    assert mark.plain.startswith("mark\nSaves the P&L of every book.\nWhen: close+2m, next ")
    assert (await said(w, "/jobs page 99")).plain == pages[-1].plain


async def test_one_job_is_shown_with_its_last_runs():
    w = await desk()
    for minute in range(7):
        await ran(w, "scan:dip", minute, RunState.DONE, f"{minute} new signals")
    failed = await ran(w, "scan:dip", 9, RunState.FAILED, "bars cannot be read")
    message = await said(w, "/jobs SCAN:DIP")
    assert "Late: until the next open; only the latest is made up for\n" in message.plain
    assert "✖ failed Mon 16:09 in 3.0 s: bars cannot be read\n" in message.plain
    assert "✔ Mon 16:03 in 3.0 s: 3 new signals\n" in message.plain
    assert "2 new signals" not in message.plain
    assert labels(message) == [["Run now", "Pause"], ["Retry the failed run"], ["‹ All jobs"]]
    assert button(message, "Retry the failed run").args == ("retry", str(failed.id))


async def test_run_now_makes_a_run_of_its_own_and_rings():
    w = await desk()
    await said(w, "/jobs run mark", pressed=True)
    [run] = await w.journal.read(Run)
    assert (run.job, run.due_at, run.state) == ("mark", w.clock.at, RunState.DUE)
    assert run.request_id
    assert w.bells.rung[0] == ("heavy", (run.id,))
    assert "started this very moment" in (await said(w, "/jobs run mark")).plain
    w.clock.at += timedelta(seconds=1)
    assert (await said(w, "/jobs run mark")).plain == "Started mark; its outcome comes here."


async def test_a_pause_says_what_stops_tells_the_others_and_is_undone_by_resume():
    w = await desk()
    message = await said(w, "/jobs pause mark", pressed=True)
    assert message.plain.startswith("mark is paused: no P&L is saved; resumed, the last 14 days ")
    assert "When: close+2m, paused\n" in message.plain
    assert labels(message)[0] == ["Run now", "Resume"]
    assert "\nnot run yet, paused\n" in (await said(w, "/jobs")).plain
    assert "\nPaused: mark; /jobs resumes\n" in (await said(w, "/health")).plain
    others = await w.journal.read(Notice, answers__isnull=True)
    assert [row.recipient for row in others] == [BOB.id]
    assert Message.from_json(others[0].body).plain == "mark is paused, by Ann."
    w.clock.at += timedelta(minutes=1)
    message = await said(w, "/jobs resume mark", pressed=True)
    assert message.plain.startswith("mark is resumed; what it missed is made up for.")
    assert "Paused" not in (await said(w, "/health")).plain
    assert (await said(w, "/jobs resume mark")).plain == "Mark is not paused."


@pytest.mark.parametrize(
    ("text", "until", "shown"),
    [
        ("3d", at(MONDAY, 21, 5) + timedelta(days=3), "Thu 16:05"),
        ("2 h", at(MONDAY, 23, 5), "Mon 18:05"),
        ("until 2025-02-10", at(date(2025, 2, 10), 5), "10 Feb 00:00"),
        ("2025-07-01", at(date(2025, 7, 1), 4), "1 Jul 00:00"),
    ],
)
async def test_a_pause_may_have_an_end(text: str, until: object, shown: str):
    w = await desk()
    message = await said(w, f"/jobs pause scan:dip {text}")
    assert message.plain.startswith(f"scan:dip is paused until {shown}: its runs are missed.")
    [pause] = await w.journal.read(Pause)
    assert (pause.job, pause.since, pause.until) == ("scan:dip", w.clock.at, until)
    assert pause.by == f"operator:{ANN.id}"


async def test_a_second_pause_changes_the_first():
    w = await desk()
    await said(w, "/jobs pause scan:dip")
    await said(w, "/jobs pause scan:dip 1d")
    [pause] = await w.journal.read(Pause)
    assert pause.until == w.clock.at + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/jobs astrology", "No job is called 'astrology'; /jobs lists them all."),
        ("/jobs run", "Which job? For example: /jobs run mark. /jobs lists them all."),
        ("/jobs pause mark until noon", "'noon' is neither a date nor a duration; for example: "),
        ("/jobs pause mark 0d", "'0d' is neither a date nor a duration"),
        ("/jobs pause mark 2025-02-03", "2025-02-03 is not ahead; it is Mon 3 Feb 2025."),
        ("/jobs retry ４２", "That run is gone"),
        ("/jobs retry 42", "That run is gone"),
        ("/jobs retry", "That run is gone"),
    ],
)
async def test_a_bad_argument_is_one_clear_line_and_changes_nothing(text: str, line: str):
    w = await desk()
    answer = await said(w, text)
    assert answer.plain.startswith(line)
    assert "\n" not in answer.plain
    assert await w.journal.count(Pause) == await w.journal.count(Run) == 0


async def test_past_the_calendars_end_the_list_says_so():
    w = await desk()
    w.desk.calendar.known_through = MONDAY  # type: ignore[misc]
    w.go(TUESDAY, 12)
    text = (await said(w, "/jobs")).plain
    assert "\nmark\nnot run yet, next unknown: the calendar has ended\n" in text
    assert "\ncalendar\nnot run yet, next Wed 07:00\n" in (await said(w, "/jobs page 2")).plain
