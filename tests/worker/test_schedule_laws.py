"""Whatever the pattern of down-time, pauses and deaths: caught up once, never scanned stale."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.world import World, timetable, world
from trading.facts import Pause, Run, RunState
from worker.running import carry
from worker.schedule import Schedule

START = datetime(2025, 2, 3, 21, 10, tzinfo=UTC)  # Monday, ten minutes after the close
MINUTES = 30 * 24 * 60
LIMIT = timedelta(days=14)


@dataclass(frozen=True)
class Look:
    """One look at `at` minutes; `dies`: rows are made, and nobody is left to carry them out."""

    at: int
    dies: bool
    forgets: bool  # a new process, which remembers nothing


looks = st.lists(
    st.builds(Look, st.integers(1, MINUTES), st.booleans(), st.booleans()),
    min_size=1,
    max_size=25,
    unique_by=lambda look: look.at,
).map(lambda found: sorted(found, key=lambda look: look.at))


async def lived(
    pattern: list[Look], away: tuple[int, int] | None
) -> tuple[World, dict[str, list[tuple[datetime, datetime]]]]:
    """The runs carried out by job, as (due, when); `away` pauses both jobs between two minutes."""
    w = await world()
    timetable(w.desk)
    carried: dict[str, list[tuple[datetime, datetime]]] = {"mark": [], "scan:dip": []}

    async def work(run: Run) -> str:
        if run.job in carried:
            carried[run.job].append((run.due_at, w.clock.at))
        return "done"

    if away:
        begins, ends = (START + timedelta(minutes=minute) for minute in away)
        await w.journal.append([Pause(job, begins, ends) for job in carried])
    kept = Schedule(w.desk)
    for look in [Look(0, dies=False, forgets=False), *pattern]:
        w.clock.at = START + timedelta(minutes=look.at)
        kept = Schedule(w.desk) if look.forgets else kept
        await kept.look()
        while not look.dies:
            waiting = await w.journal.read(Run, state=RunState.DUE)
            if not waiting:
                break
            for run in waiting:
                await carry(w.desk, run.id, work)
    return w, carried


@given(looks)
@settings(max_examples=60)
def test_every_session_is_marked_exactly_once_unless_it_was_too_late(pattern: list[Look]) -> None:
    async def check() -> None:
        w, carried = await lived([*pattern, Look(MINUTES + 1, False, False)], None)
        closes = w.desk.calendar.sessions(START.date(), w.clock.at.date())
        marks = [s.close + timedelta(minutes=2) for s in closes]
        due = [at for at in marks if START.date() <= at.date() and at <= w.clock.at]
        rows = await w.journal.read(Run, job="mark", order="due_at")
        assert [row.due_at for row in rows] == due
        times = Counter(at for at, _ in carried["mark"])
        for row in rows:
            assert times[row.due_at] == (row.state is RunState.DONE)
            assert row.state in (RunState.DONE, RunState.MISSED)
        for at, when in carried["mark"]:
            assert at <= when <= at + LIMIT
        seen = [START + timedelta(minutes=look.at) for look in pattern if not look.dies]
        for row in rows:
            if any(row.due_at <= at <= row.due_at + LIMIT for at in seen):
                assert row.state is RunState.DONE

    asyncio.run(check())


@given(looks)
@settings(max_examples=60)
def test_no_scan_runs_twice_or_after_the_next_open(pattern: list[Look]) -> None:
    async def check() -> None:
        w, carried = await lived(pattern, None)
        times = Counter(at for at, _ in carried["scan:dip"])
        assert set(times.values()) <= {1}
        for at, when in carried["scan:dip"]:
            assert at <= when < w.desk.calendar.next_session(at).open
        rows = await w.journal.read(Run, job="scan:dip")
        assert len({row.due_at for row in rows}) == len(rows)
        assert sum(row.state is RunState.DONE for row in rows) == len(times)

    asyncio.run(check())


@given(looks, st.tuples(st.integers(1, MINUTES), st.integers(1, MINUTES)).map(sorted))
@settings(max_examples=60)
def test_a_pause_loses_its_scans_and_none_of_its_marks(
    pattern: list[Look], away: list[int]
) -> None:
    async def check() -> None:
        after = Look(max(away[1], pattern[-1].at) + 1, False, False)
        w, carried = await lived([*pattern, after], (away[0], away[1]))
        begins, ends = (START + timedelta(minutes=minute) for minute in away)
        assert not [at for at, _ in carried["scan:dip"] if begins <= at < ends]
        assert not [when for at, when in carried["mark"] if begins <= at and when < ends]
        times = Counter(at for at, _ in carried["mark"])
        rows = await w.journal.read(Run, job="mark")
        for row in rows:
            assert times[row.due_at] == (row.state is RunState.DONE)
            if w.clock.at - row.due_at <= LIMIT:
                assert row.state is RunState.DONE

    asyncio.run(check())
