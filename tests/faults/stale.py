"""Runs of a worker that stood still: what it wakes to is refused, unless it is still its own.

The worker stops at a call to the journal drawn for it, outside a transaction, and is let go on
after minutes or hours of the market's time, while another carries on with the same schedule.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from db.journal import OrmJournal, open_journal
from desk.desk import Desk
from desk.timetable import Job
from tests.faults.mortal import Life, MortalJournal
from tests.faults.row import Case, Figures
from tests.world import world
from trading.clocks import SimulatedClock
from trading.facts import Run, RunState
from worker import timing
from worker.running import LEASE, carry
from worker.schedule import Schedule

BEGINS = datetime(2026, 1, 5, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATEST = timedelta(minutes=30)  # then a run is stale
#: How long it stands still: within its lease, past it, past the run's limit, past the next run.
SLEEPS = (LEASE / 2, 5 * LEASE, LATEST + 5 * LEASE, HOUR + 5 * LEASE)
NEVER = 3_600.0  # seconds; the machine's clock plays no part here


class Sleeper(Life):
    """Stands still at one call, before or after its effect, until it is let go on."""

    def __init__(self, die: Random, journal: OrmJournal) -> None:
        super().__init__(die)
        self.journal = journal
        self.calls = 0
        self.still = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def call(self, effect: Callable[[], Any]) -> Any:
        await self._rest(after=False)
        result = await effect()
        await self._rest(after=True)
        return result

    async def _rest(self, *, after: bool) -> None:
        self.calls += after
        if self._left is None or after is not self._after:
            return
        self._left -= 1
        if self._left < 0 and not self.journal.store._turns.mine:
            self._left = None
            self.still.set()
            await self.goes_on.wait()

    def is_dying(self) -> bool:
        return False


@dataclass
class Worker:
    """A process: its desk, its schedule, and when it began each run."""

    desk: Desk
    clock: SimulatedClock
    schedule: Schedule = field(init=False)
    began: list[tuple[datetime, datetime]] = field(default_factory=list)  # due, started
    refused: int = 0

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.desk)

    async def look(self) -> None:
        """What comes due, and every run that may be carried out."""

        async def work(run: Run) -> str:
            self.began.append((run.due_at, self.clock.at))
            await self.desk.journal.count(Run)  # something it may stand still in
            return "done"

        await self.schedule.keep()
        for run in await self.desk.journal.read(Run, state__in=(RunState.DUE, RunState.RUNNING)):
            mine = len(self.began)
            await carry(self.desk, run.id, work, every=NEVER)
            now = await self.desk.journal.first(Run, id=run.id)
            if now is None:
                continue
            began = len(self.began) > mine
            late = now.state in (RunState.MISSED, RunState.FAILED)
            self.refused += late if not began else now.finished_at != self.clock.at


async def worker(stack: AsyncExitStack, url: str, clock: SimulatedClock) -> Worker:
    journal = await stack.enter_async_context(open_journal(url))
    desk = (await world(journal)).desk
    desk.journal = journal
    desk.market = desk.wall = clock
    when = timing.when("0 * * * * UTC", desk.calendar, lambda _: desk.calendar)
    desk.jobs = {"hourly": Job("hourly", when, timing.Within(LATEST))}
    return Worker(desk, clock)


async def stale_runs(case: Case, figures: Figures, count: int) -> None:
    """`count` times: one stands still, the other goes on; each run is done once and in time, or
    said to be missed."""
    url = await case.fresh("stale")
    clock = SimulatedClock(BEGINS)
    refused = 0
    async with AsyncExitStack() as stack:
        other = await worker(stack, url, clock)
        await other.look()
        steps = await undisturbed(case, await worker(stack, url, clock))
        for _ in range(count):
            async with AsyncExitStack() as life:
                mine = await worker(life, url, clock)
                await stand_still(case, mine, other, steps)
            refused += mine.refused
            judge(figures, mine.began + other.began)
        ends = clock.at
        journal = other.desk.journal
        rows = await journal.read(Run, order="due_at", job="hourly")
    check(figures, rows, ends)
    figures.more["stale runs refused"] = refused
    if not refused:
        figures.broken.append(f"no stale run in {count} stops: nothing was tried")


async def undisturbed(case: Case, mine: Worker) -> int:
    """How many calls to the journal a look takes in which one run is carried out."""
    journal = mine.desk.journal
    assert isinstance(journal, OrmJournal)
    counting = Sleeper(case.random, journal)
    mine.desk.journal = MortalJournal(journal, counting, lambda *_: None)
    mine.clock.at = next_hour(mine.clock)
    await mine.look()
    return counting.calls


def next_hour(clock: SimulatedClock) -> datetime:
    return clock.at.replace(minute=0, second=0) + HOUR


async def stand_still(case: Case, mine: Worker, other: Worker, steps: int) -> None:
    """One stop."""
    die, clock = case.random, mine.clock
    journal = mine.desk.journal
    assert isinstance(journal, OrmJournal)
    sleeper = Sleeper(die, journal)
    mine.desk.journal = MortalJournal(journal, sleeper, lambda *_: None)
    sleeper.ends_in(die.randint(0, steps), after=die.random() < 0.5)
    clock.at = next_hour(clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(mine.look())
        task.add_done_callback(lambda _: sleeper.still.set())
        await sleeper.still.wait()
        ends = clock.at + die.choice(SLEEPS)
        while clock.at < ends:
            clock.at = min(ends, clock.at + timedelta(minutes=die.choice((1, 2, 20))))
            if die.random() < 0.7:  # it may be busy elsewhere
                await other.look()
        sleeper.goes_on.set()
    clock.at += 2 * LEASE
    await other.look()


def judge(figures: Figures, began: list[tuple[datetime, datetime]]) -> None:
    """None begun after its limit, and none again while its lease held."""
    last: dict[datetime, datetime] = {}
    for due, at in sorted(began):
        if at - due > LATEST:
            figures.broken.append(f"hourly of {due:%d %H:%M} was begun at {at:%H:%M}, too late")
        if due in last and at - last[due] < LEASE:
            figures.broken.append(f"hourly of {due:%d %H:%M} was begun twice by {at:%H:%M}")
        last[due] = at


def check(figures: Figures, rows: list[Run], ends: datetime) -> None:
    """One row an hour, ended."""
    hours = int((ends - BEGINS) / HOUR) + 1
    first = BEGINS.replace(minute=0)
    wanted = {first + number * HOUR for number in range(1, hours + 1)}
    wanted = {due for due in wanted if due <= ends}
    got = [row.due_at for row in rows if row.due_at > BEGINS]
    figures.lost += len(wanted - set(got))
    figures.doubled += len(got) - len(set(got))
    if wanted != set(got):
        odd = sorted(wanted ^ set(got))
        figures.broken.append(f"hourly runs not as expected: {odd[:3]}")
    for row in rows:
        if row.state not in (RunState.DONE, RunState.MISSED, RunState.FAILED):
            figures.broken.append(f"hourly of {row.due_at:%d %H:%M} is {row.state}")
