"""The heavy lane's jobs: scans and marks, each one run of the schedule."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from desk import crew, decide, leave, marks, notices, propose, universes, wording
from desk.desk import Desk
from market.universe import ranking_of
from strategies.answers import last_answers
from trading.bars import Strategy
from trading.errors import BrokerError, ConfigError, QuarterdeckError
from trading.facts import (
    Lane,
    Notice,
    NoticeState,
    Picture,
    PictureState,
    Request,
    RequestState,
    Run,
    RunState,
)
from trading.messages import bold, message
from trading.signals import Signal
from trading.types import Mode
from worker import pictures, reading
from worker.candles import candles
from worker.research import Research
from worker.universe import universe

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=1)
PAUSE = timedelta(seconds=5)  # before a run that met a broker away is tried again
PATIENCE = timedelta(minutes=10)  # then it has failed
KEEP = timedelta(days=30)  # what is handled, sent or drawn is pruned after


#: Carries one run out and says in a clause what came of it, for the log and `/jobs`.
Handler = Callable[[Desk, Research, Run], Awaitable[str]]


async def run(desk: Desk, research: Research, run_id: int) -> None:
    """Carry out one run, once; an early, doubled or ancient call is a no-op."""
    await desk.market.refresh()
    await crew.muster(desk)
    found = await desk.journal.first(Run, id=run_id)
    if found is None or not _open(desk, found):
        return
    claimed = await desk.journal.move(
        found,
        state=RunState.RUNNING,
        started_at=found.started_at or desk.wall.now(),
        leased_until=desk.wall.now() + LEASE,
    )
    if claimed is None:
        return
    state, outcome = RunState.DONE, ""
    try:
        outcome = await _carry_out(desk, research, claimed)
    except BrokerError as error:
        if await _again(desk, claimed, error):
            return
        state, outcome = RunState.FAILED, str(error)
    except QuarterdeckError as error:
        state, outcome = RunState.FAILED, str(error)
    except Exception as error:  # a job of ours that breaks is told; the lane lives on
        log.exception("a job failed", job=claimed.job)
        state, outcome = RunState.FAILED, f"an error of ours ({type(error).__name__})"
    async with desk.journal.transaction():
        moved = await desk.journal.move(
            claimed, state=state, outcome=outcome[:400], finished_at=desk.wall.now()
        )
        if moved is not None:  # else our lease passed and who took the run over tells it
            await _tell(desk, moved, state, outcome)
    await desk.bell.ring("postman")


async def _again(desk: Desk, claimed: Run, error: BrokerError) -> bool:
    """A broker that is away for a moment does not cost a scan: the run is left for a later try."""
    started = claimed.started_at or desk.wall.now()
    if desk.wall.now() - started > PATIENCE:
        return False
    log.warning("a job waits for a broker", job=claimed.job, error=str(error))
    await desk.journal.move(claimed, leased_until=desk.wall.now() + PAUSE, outcome=str(error)[:400])
    return True


def _open(desk: Desk, found: Run) -> bool:
    if found.state is RunState.RUNNING:
        return found.leased_until is not None and found.leased_until < desk.wall.now()
    return found.state is RunState.DUE


async def _carry_out(desk: Desk, research: Research, claimed: Run) -> str:
    name = claimed.job.partition(":")[0]
    if name not in JOBS:
        raise ConfigError(f"no job is called {name!r}; there are: {', '.join(JOBS)}")
    return await JOBS[name](desk, research, claimed)


async def _scan(desk: Desk, research: Research, claimed: Run) -> str:
    return await scan(desk, research, research.strategies[claimed.job.partition(":")[2]])


async def _leave(desk: Desk, _: Research, claimed: Run) -> str:
    return await leave_session(desk, claimed.job.partition(":")[2], claimed.due_at)


async def mark(desk: Desk, _: Research, claimed: Run) -> str:
    """Save the P&L of every book at the close of the session in which the run came due."""
    session = desk.calendar.last_closed(claimed.due_at)
    rows = await marks.mark_session(desk, session)
    return f"{len(rows)} books marked at the close of {session.day}"


async def prune(desk: Desk, _: Research, claimed: Run) -> str:
    """Forget pictures, notices and requests that are done and old; facts of trading stay."""
    del claimed
    before = desk.wall.now() - KEEP
    gone = await desk.journal.remove(
        Notice, created_at__lt=before, state__not=NoticeState.DUE
    ) + await desk.journal.remove(Picture, wanted_at__lt=before, state__not=PictureState.WANTED)
    gone += await desk.journal.remove(Request, received_at__lt=before, state__not=RequestState.NEW)
    return f"{gone} old rows pruned"


async def scan(desk: Desk, research: Research, strategy: Strategy) -> str:
    """Read the bars of this moment, ask the rules, hand the answers to the desk."""
    await universes.ready(desk, ranking_of(research.store), desk.plan(strategy.name).universe)
    read = await reading.read(desk, research.store, strategy)
    if isinstance(read, str):
        return read
    panel = read.panel
    answers = [
        answer
        for answer in last_answers(strategy, panel)
        if propose.utc(answer.bar).date() == read.bar and desk.instruments.find(answer.symbol)
    ]

    def chart(signal: Signal) -> Mapping[str, Any]:
        bars = panel[signal.symbol]
        instrument = desk.instrument(signal.symbol)
        return pictures.candles(strategy, bars, strategy.rules(bars), signal, instrument)

    signals = await propose.propose(
        desk, strategy.name, answers, explain=strategy.explain, chart=chart
    )
    if desk.plan(strategy.name).mode is Mode.AUTO:
        await decide.approve_ranked(desk, signals, by="auto")
    count = len(signals)
    return (
        f"{strategy.name}: {len(panel.symbols)} instruments, {read.moment}: "
        f"{count or 'no'} new signal{'' if count == 1 else 's'}"
    )


async def leave_session(desk: Desk, strategy: str, due: datetime) -> str:
    """Close what a strategy holds for the session in which the job was due."""
    session = desk.calendar.session_at(due)
    if session is None:
        return f"{strategy}: no session was open"
    signals = await leave.leave(desk, strategy, session)
    day = wording.short_day(session.day)
    return f"{strategy}: {len(signals) or 'nothing'} to close in the session of {day}"


async def _tell(desk: Desk, claimed: Run, state: RunState, outcome: str) -> None:
    request = (
        await desk.journal.first(Request, id=claimed.request_id) if claimed.request_id else None
    )
    if state is RunState.FAILED:
        due = wording.moment(desk.local(claimed.due_at))
        said = message(bold(f"Job failed: {claimed.job}"), f"\nDue {due}: {outcome}.")
        await notices.tell(desk, said, lane=Lane.CRITICAL)
    elif request is not None:
        await notices.answer(desk, request, outcome + ".")


#: Every job by the first part of its run's name; `scan:mean_reversion` is a `scan`.
JOBS: dict[str, Handler] = {
    "scan": _scan,
    "leave": _leave,
    "mark": mark,
    "prune": prune,
    "universe": universe,
    "candles": candles,
}
