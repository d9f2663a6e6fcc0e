"""The heavy lane's jobs: scans and marks, each one run of the schedule."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from desk import anew, decide, leave, marks, propose, rates, universes, wording
from desk.desk import Desk
from market.universe import ranking_of
from strategies.answers import last_answers
from trading.bars import Strategy
from trading.clocks import Clocks
from trading.errors import ConfigError
from trading.facts import Run
from trading.signals import Signal
from trading.types import Mode
from worker import autonomy, backtest, digests, imports, pictures, reading, running, upkeep
from worker import drill as drilling
from worker import search as searching
from worker import squareoff as squaring
from worker.backup import backup, restore_check
from worker.candles import candles
from worker.reconcile import reconcile
from worker.research import Research
from worker.universe import universe

SWEEP = 30.0  # seconds of wall time; a run that is rung for starts at once

#: Carries one run out and says in a clause what came of it, for the log and `/jobs`.
Handler = Callable[[Desk, Research, Run], Awaitable[str]]


async def run(desk: Desk, research: Research, run_id: int, *, clocks: Clocks | None = None) -> None:
    """Carry out one run, once; an early, doubled or ancient call is a no-op."""

    async def work(claimed: Run) -> str:
        return await _carry_out(desk, research, claimed)

    clocks = clocks or Clocks()
    every = clocks.machine(running.LEASE.total_seconds() / 3)
    await running.carry(desk, run_id, work, every=every, rest=clocks.sleep)


async def _carry_out(desk: Desk, research: Research, claimed: Run) -> str:
    name = claimed.job.partition(":")[0]
    if name not in JOBS:
        raise ConfigError(f"no job is called {name!r}; there are: {', '.join(JOBS)}")
    return await JOBS[name](desk, research, claimed)


async def _scan(desk: Desk, research: Research, claimed: Run) -> str:
    return await scan(desk, research, research.strategies[claimed.job.partition(":")[2]])


async def _leave(desk: Desk, _: Research, claimed: Run) -> str:
    return await leave_session(desk, claimed.job.partition(":")[2], claimed.due_at)


async def _search(desk: Desk, research: Research, claimed: Run) -> str:
    return await searching.search(
        desk, research.benches, research.store, research.strategies, claimed
    )


async def mark(desk: Desk, _: Research, claimed: Run) -> str:
    """Save the P&L of every book at the close of the session in which the run came due."""
    session = desk.calendar.last_closed(claimed.due_at)
    await rates.keep(desk)
    earlier = (await anew.catch_up(desk, before=session)).changed
    rows = await marks.mark_session(desk, session)
    books = wording.count(len(rows), "book") + " marked" if rows else "no book left to mark"
    more = f", {wording.number_of(len(earlier), 'earlier session')} made anew" if earlier else ""
    return f"{books} at the close of {wording.short_day(session.day)}{more}"


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
    auto = [signal for signal in signals if signal.mode is Mode.AUTO]
    await decide.approve_ranked(desk, auto, by="auto")
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


#: Every job by the first part of its run's name; `scan:mean_reversion` is a `scan`.
JOBS: dict[str, Handler] = {
    "scan": _scan,
    "leave": _leave,
    "squareoff": squaring.square_off,
    "drill": drilling.drill,
    "mark": mark,
    "autonomy": autonomy.review,
    "backup": backup,
    "restore-check": restore_check,
    "reconcile": reconcile,
    "universe": universe,
    "candles": candles,
    "execute": upkeep.execute,
    "expire": upkeep.expire,
    "freshness": upkeep.freshness,
    "calendar": upkeep.calendar,
    "housekeeping": upkeep.housekeeping,
    "digest": digests.tell,
    "backtest": backtest.backtest,
    "search": _search,
    "import": imports.take,
}
