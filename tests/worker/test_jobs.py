"""Jobs: each run is carried out once, a broken one is told, one left behind is taken over."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from charts import draw
from desk import execute
from replay.journal import MemoryJournal
from strategies.answers import last_answers
from tests.worker.synthetic import STRATEGY, Station, station
from tests.world import ANN, MONDAY, Stocks, at
from trading.errors import BrokerError, DataError
from trading.facts import Lane, Notice, Picture, PictureState, Request, Run, RunState
from trading.money import Mark
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Mode, Side, Target
from worker import draw as drawing
from worker import jobs, running

SCAN = f"scan:{STRATEGY.name}"
TUESDAY = MONDAY.replace(day=4)


async def due(s: Station, job: str = SCAN, **changes: Any) -> Run:
    [run] = await s.w.journal.append([Run(job, at(MONDAY, 21, 5), **changes)])
    return run


async def ended(s: Station, run: Run) -> Run:
    found = await s.w.journal.first(Run, id=run.id)
    assert found is not None
    return found


async def test_a_scan_goes_from_the_store_to_a_card_that_can_be_drawn(tmp_path: Path):
    s = await station(tmp_path)
    run = await due(s)
    await jobs.run(s.w.desk, s.research, run.id)
    done = await ended(s, run)
    assert (done.state, done.outcome) == (
        RunState.DONE,
        "mean_reversion: 3 instruments, close of Mon 3 Feb: 1 new signal",
    )
    [signal] = await s.w.journal.read(Signal)
    assert (signal.symbol, signal.target, signal.bar) == ("AAPL", Target.LONG, at(MONDAY, 0))
    assert signal.execute_at == at(TUESDAY, 14, 30)
    assert signal.stop is not None
    assert signal.stop < signal.price
    assert "below the 20-day band" in signal.reason
    [picture] = await s.w.journal.read(Picture)
    assert (picture.kind, picture.subject) == ("candles", f"signal:{signal.id}")
    assert draw(picture.kind, picture.spec).startswith(b"\x89PNG")
    told = await s.w.journal.read(Notice)
    assert {(n.recipient, n.kind, n.subject) for n in told} == {
        (1, "card", f"signal:{signal.id}"),
        (2, "card", f"signal:{signal.id}"),
    }


async def test_what_a_scan_proposes_is_dated_when_it_is_told_not_by_a_clock_read_before_it(
    tmp_path: Path,
):
    s = await station(tmp_path)

    class Held:
        """The demo's clock: it has run on here since it was read, and was held elsewhere."""

        ahead = timedelta()

        def now(self) -> datetime:
            return s.w.clock.at + self.ahead

        async def refresh(self) -> datetime:
            self.ahead = timedelta()
            return self.now()

    held = Held()
    s.w.desk.market = held

    def asked(known: Any, panel: Any) -> Any:
        held.ahead = timedelta(minutes=20)
        return last_answers(known, panel)

    with pytest.MonkeyPatch.context() as slow:
        slow.setattr(jobs, "last_answers", asked)
        await jobs.run(s.w.desk, s.research, (await due(s)).id)
    [signal] = await s.w.journal.read(Signal)
    assert signal.proposed_at == s.w.clock.at


async def test_the_drawing_process_draws_it_and_says_the_card_changed(tmp_path: Path):
    s = await station(tmp_path)
    await jobs.run(s.w.desk, s.research, (await due(s)).id)
    [wanted] = await s.w.journal.append(
        [Picture("candles", {"nonsense": 1}, s.w.clock.at, subject="signal:1")]
    )
    before = await s.w.journal.count(Notice)
    for picture in await s.w.journal.read(Picture):
        await drawing.draw_one(s.w.desk, picture, "light")
    good, bad = await s.w.journal.read(Picture)
    assert (good.state, good.png[:4]) == (PictureState.DRAWN, b"\x89PNG")
    assert (bad.id, bad.state) == (wanted.id, PictureState.FAILED), "it stops nothing"
    assert await s.w.journal.count(Notice) == before + 2


async def test_the_drawing_process_draws_a_report_as_pdf_whatever_the_theme(tmp_path: Path):
    s = await station(tmp_path)
    spec = {"title": "Report", "made_at": s.w.clock.at.isoformat(), "as_of": "as of today"}
    subject = "report:march.pdf"
    [wanted] = await s.w.journal.append([Picture("report", spec, s.w.clock.at, subject=subject)])
    await drawing.draw_one(s.w.desk, wanted, "dark")
    [drawn] = await s.w.journal.read(Picture)
    assert (drawn.state, drawn.png[:5]) == (PictureState.DRAWN, b"%PDF-")


async def test_a_held_position_that_recovered_is_told_to_close(tmp_path: Path):
    s = await station(tmp_path)
    s.w.go(MONDAY, 15)
    now = s.w.clock.at
    await s.w.journal.append(
        [Order("k", STRATEGY.name, "paper", "paper", "MSFT", Side.BUY, Decimal(10), now, now)]
    )
    await execute.execute_due(s.w.desk, owner="t")
    assert await s.w.journal.count(Fill) == 1
    s.w.go(MONDAY, 21, 5)
    await jobs.run(s.w.desk, s.research, (await due(s)).id)
    signals = await s.w.journal.read(Signal, order="rank")
    assert [(x.symbol, x.target) for x in signals] == [
        ("MSFT", Target.FLAT),
        ("AAPL", Target.LONG),
    ]


async def test_a_strategy_on_auto_approves_its_own(tmp_path: Path):
    s = await station(tmp_path, mode=Mode.AUTO)
    await jobs.run(s.w.desk, s.research, (await due(s)).id)
    [signal] = await s.w.journal.read(Signal)
    assert (signal.state, signal.decided_by) == (SignalState.APPROVED, "auto")
    [order] = await s.w.journal.read(Order)
    assert order.state is OrderState.PLANNED


async def test_bars_that_are_a_session_old_propose_nothing(tmp_path: Path):
    s = await station(tmp_path)
    s.w.go(TUESDAY, 21, 5)
    [run] = await s.w.journal.append([Run(SCAN, s.w.clock.at)])
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).outcome.endswith("close of Tue 4 Feb: no new signals")
    assert await s.w.journal.count(Signal) == 0


async def test_an_instrument_nobody_lists_is_left_out(tmp_path: Path):
    s = await station(tmp_path)
    s.w.desk.instruments = Stocks("MSFT", "NVDA")
    run = await due(s)
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).state is RunState.DONE
    assert await s.w.journal.count(Signal) == 0


async def test_a_mark_is_saved_for_the_session_it_was_due_for(tmp_path: Path):
    s = await station(tmp_path, mode=Mode.AUTO)
    await jobs.run(s.w.desk, s.research, (await due(s)).id)
    run = await due(s, "mark")
    s.w.go(TUESDAY, 22)
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).outcome == "no book left to mark at the close of Mon 3 Feb"
    assert await s.w.journal.count(Mark) == 0


async def test_who_asked_is_answered(tmp_path: Path):
    s = await station(tmp_path)
    [request] = await s.w.journal.append(
        [Request("test", "1", "scan", s.w.clock.at, operator=ANN.id, recipient=ANN.id)]
    )
    await jobs.run(s.w.desk, s.research, (await due(s, request_id=request.id)).id)
    [answer] = await s.w.journal.read(Notice, answers=request.id)
    assert "'mean_reversion: 3 instruments" in str(answer.body), "a name keeps its small letter"
    assert "1 new signal." in str(answer.body)


async def test_the_answer_begins_as_a_sentence_does(tmp_path: Path):
    s = await station(tmp_path)
    [request] = await s.w.journal.append(
        [Request("test", "1", "jobs", s.w.clock.at, operator=ANN.id, recipient=ANN.id)]
    )
    s.w.go(TUESDAY, 22)
    await jobs.run(s.w.desk, s.research, (await due(s, "mark", request_id=request.id)).id)
    [answer] = await s.w.journal.read(Notice, answers=request.id)
    assert "No book left to mark at the close of Mon 3 Feb." in str(answer.body)


# Once


class Together(MemoryJournal):
    """Two who look for the same run have both seen it before either may claim it."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier: asyncio.Barrier | None = None

    async def first(self, kind: Any, /, *, order: str = "id", **where: Any) -> Any:
        found = await super().first(kind, order=order, **where)
        if kind is Run and self.barrier is not None:
            await self.barrier.wait()
        return found


async def test_two_calls_at_once_carry_a_run_out_once(tmp_path: Path, monkeypatch: Any):
    s = await station(tmp_path)
    journal = Together()
    s.w.desk.journal = journal
    carried: list[int] = []

    async def carry(desk: Any, research: Any, claimed: Run) -> str:
        carried.append(claimed.id)
        return "done"

    monkeypatch.setattr(jobs, "_carry_out", carry)
    run = await due(s)
    journal.barrier = asyncio.Barrier(2)
    await asyncio.gather(*(jobs.run(s.w.desk, s.research, run.id) for _ in range(2)))
    journal.barrier = None
    assert carried == [run.id]
    await jobs.run(s.w.desk, s.research, run.id)
    await jobs.run(s.w.desk, s.research, 999)
    assert carried == [run.id], "done is done, and nothing is nothing"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DataError("bars cannot be read from x"), "bars cannot be read from x"),
        (ZeroDivisionError("secret detail"), "an error of ours (ZeroDivisionError)"),
    ],
)
async def test_a_job_that_fails_is_told_and_not_tried_for_ever(
    tmp_path: Path, monkeypatch: Any, error: Exception, told: str
):
    s = await station(tmp_path)

    async def fail(*_: Any) -> str:
        raise error

    monkeypatch.setattr(jobs, "scan", fail)
    run = await due(s)
    for _ in range(2):
        await jobs.run(s.w.desk, s.research, run.id)
    done = await ended(s, run)
    assert (done.state, done.outcome) == (RunState.FAILED, told)
    notices = await s.w.journal.read(Notice, lane=Lane.CRITICAL)
    assert [n.recipient for n in notices] == [1, 2]
    assert told in str(notices[0].body)
    assert "secret" not in str(notices[0].body)


async def test_a_run_left_behind_is_taken_over_when_its_lease_has_passed(tmp_path: Path):
    s = await station(tmp_path)
    run = await due(s)
    lease = s.w.clock.at + running.LEASE
    await s.w.journal.move(run, state=RunState.RUNNING, leased_until=lease)
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).state is RunState.RUNNING, "somebody is at it"
    assert await s.w.journal.count(Signal) == 0
    s.w.clock.at = lease + timedelta(seconds=1)
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).state is RunState.DONE
    assert await s.w.journal.count(Signal) == 1


async def test_a_broker_away_costs_a_run_nothing_until_patience_ends(
    tmp_path: Path, monkeypatch: Any
):
    s = await station(tmp_path)
    scan = jobs.scan

    async def away(*_: Any) -> str:
        raise BrokerError("cannot reach the paper broker")

    monkeypatch.setattr(jobs, "scan", away)
    run = await due(s)
    began = s.w.clock.at
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).state is RunState.DUE
    assert await s.w.journal.count(Notice) == 0
    monkeypatch.setattr(jobs, "scan", scan)
    await jobs.run(s.w.desk, s.research, run.id)
    assert await s.w.journal.count(Signal) == 0, "not before its pause is over"
    s.w.clock.at = began + running.PAUSE + timedelta(seconds=1)
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).state is RunState.DONE
    assert await s.w.journal.count(Signal) == 1

    monkeypatch.setattr(jobs, "scan", away)
    run = (await s.w.journal.append([Run(SCAN, began + timedelta(days=1))]))[0]
    await jobs.run(s.w.desk, s.research, run.id)
    s.w.clock.at += running.PATIENCE + timedelta(seconds=1)
    await jobs.run(s.w.desk, s.research, run.id)
    assert (await ended(s, run)).state is RunState.FAILED
    assert await s.w.journal.count(Notice, lane=Lane.CRITICAL) == 2, "each operator once"


async def test_an_owner_whose_lease_was_taken_tells_nothing(tmp_path: Path, monkeypatch: Any):
    """It was slow, another carried the run out meanwhile: only the run that moved is told."""
    s = await station(tmp_path)
    [request] = await s.w.journal.append(
        [Request("test", "1", "scan", s.w.clock.at, operator=ANN.id, recipient=ANN.id)]
    )
    run = await due(s, request_id=request.id)
    calls = 0

    async def carry(*_: Any) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            s.w.clock.at += running.LEASE + timedelta(seconds=1)
            await jobs.run(s.w.desk, s.research, run.id)
            raise DataError("too late")
        return "no new signals"

    monkeypatch.setattr(jobs, "_carry_out", carry)
    await jobs.run(s.w.desk, s.research, run.id)
    done = await ended(s, run)
    assert (done.state, done.outcome) == (RunState.DONE, "no new signals")
    [only] = await s.w.journal.read(Notice)
    assert only.answers == request.id


async def test_nothing_of_a_world_without_operators_is_told(tmp_path: Path):
    s = await station(tmp_path)
    s.w.desk.operators = s.w.desk.named = ()
    await jobs.run(s.w.desk, s.research, (await due(s)).id)
    assert await s.w.journal.count(Signal) == 1
    assert await s.w.journal.count(Notice) == 0
    assert await s.w.journal.count(Picture) == 0
