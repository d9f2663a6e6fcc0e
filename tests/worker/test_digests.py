"""The digest job: whom it tells, when it keeps silent, and what it says in the log."""

from datetime import timedelta

import pytest

from desk import digest
from desk.desk import Digests
from tests.desk.test_report import FRI, NEXT, THU, opened, week
from tests.world import World, at
from trading.facts import Lane, Notice, Run, RunState
from trading.messages import Message
from trading.money import Mark, Snapshot, money
from worker import jobs


async def run(w: World, job: str, due=None) -> Run:
    [made] = await w.journal.append([Run(job, due or w.clock.at)])
    await jobs.run(w.desk, None, made.id)  # type: ignore[arg-type]
    found = await w.journal.first(Run, id=made.id)
    assert found is not None
    return found


async def told(w: World) -> list[str]:
    rows = await w.journal.read(Notice, lane=Lane.DIGEST, recipient=1)
    return [Message.from_json(row.body).plain for row in rows]


@pytest.mark.parametrize("kind", ["start", "middle", "end", "week", "month"])
async def test_each_kind_is_a_job(kind: str):
    w = await week()
    w.go(FRI, 21, 20)
    found = await run(w, f"digest:{kind}")
    assert found.state is RunState.DONE, found.outcome
    day = "Mon 10 Feb" if kind == "start" else "Fri 7 Feb"
    assert found.outcome == f"the {kind} digest told for {day}"
    assert len(await told(w)) == 1


async def test_a_quiet_day_still_says_that_we_are_alive():
    w = await opened()
    w.go(FRI, 21, 20)
    await run(w, "digest:end")
    [words] = await told(w)
    assert words.startswith("Quiet day, Fri 7 Feb: no fills, nothing held; ")


async def test_one_that_is_switched_off_or_muted_tells_nothing():
    w = await week()
    w.desk.digests = Digests(sent=("end", "week"))
    w.go(FRI, 21, 20)
    assert (await run(w, "digest:start")).outcome.endswith("switched off in the settings")
    await digest.mute(w.desk, "end", NEXT, by="operator:1")
    assert (await run(w, "digest:end")).outcome == "the end digest is muted until 2025-02-10"
    await digest.mute(w.desk, "week", None, by="operator:1")
    assert (await run(w, "digest:week")).outcome == "the week digest is muted"
    assert await told(w) == []
    w.go(NEXT, 21, 20)
    await run(w, "digest:end")
    assert len(await told(w)) == 1


async def test_silent_ones_make_no_sound():
    w = await week()
    w.desk.digests = Digests(silent=("end",))
    w.go(FRI, 21, 20)
    await run(w, "digest:end")
    await run(w, "digest:week")
    rows = await w.journal.read(Notice, lane=Lane.DIGEST, recipient=1)
    assert [row.silent for row in rows] == [True, False]


async def test_an_end_made_up_for_the_next_day_tells_of_the_day_it_was_due_for():
    w = await week(mark=())
    await w.journal.remove(Mark)
    w.go(NEXT, 13)
    await run(w, "digest:end", due=at(THU, 21, 20))
    await run(w, "digest:end", due=at(FRI, 21, 20))
    first, second = await told(w)
    assert "End of session · Thu 6 Feb" in first
    assert second.startswith("+149.00 USD net")
    assert "End of session · Fri 7 Feb" in second


async def test_the_same_day_again_edits_the_message_that_stands():
    w = await week()
    w.go(FRI, 21, 20)
    await run(w, "digest:end")
    await run(w, "digest:end", due=w.clock.at + timedelta(minutes=1))
    rows = await w.journal.read(Notice, lane=Lane.DIGEST, recipient=1)
    assert len({row.subject for row in rows}) == 1


async def test_a_digest_nobody_knows_fails_with_those_there_are():
    w = await opened()
    found = await run(w, "digest:tea")
    assert found.state is RunState.FAILED
    assert "'tea' is no digest; there are: start, middle, end, week, month" in found.outcome


@pytest.mark.parametrize("muted", [False, True], ids=["told", "muted"])
async def test_the_end_commits_the_days_snapshot_with_what_came_since_its_mark(muted: bool):
    w = await week()
    await w.journal.remove(Snapshot)
    if muted:
        await digest.mute(w.desk, "end", None, by="operator:1")
    w.go(FRI, 21, 20)
    await run(w, "digest:end")
    [taken] = await w.journal.read(Snapshot)
    assert (taken.session, money(taken.equity)) == (FRI, 100_396)
    await run(w, "digest:end", due=w.clock.at + timedelta(minutes=1))
    assert await w.journal.read(Snapshot) == [taken]
