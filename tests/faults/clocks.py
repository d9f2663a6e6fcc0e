"""New York's clocks go forward and back: every run once, at its own moment, whoever restarts."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from db.journal import open_journal
from desk.desk import Desk
from desk.timetable import Job
from market.calendars import ExchangeCalendar
from tests.faults.mortal import Killed, Life, MortalJournal
from tests.faults.row import Case, Figures, Row
from tests.world import world
from trading.clocks import SimulatedClock
from trading.errors import DataError
from trading.facts import Run, RunState
from trading.ports import Calendar
from worker import timing
from worker.running import carry
from worker.schedule import Schedule

NEW_YORK = ZoneInfo("America/New_York")
CHANGES = (date(2025, 3, 9), date(2025, 11, 2), date(2026, 3, 8), date(2026, 11, 1))
AROUND = timedelta(days=3)
STEPS = (0.5, 20, 100, 400, 900)  # seconds of market time between two looks
LONG_STEPS = (20, 900, 1500, 1800)  # and in the short trial
BACK = timedelta(seconds=90)  # how far a time server may set the machine back


def local(day: date, hour: int, minute: int) -> datetime:
    """That wall-clock time in New York, the first where there are two, UTC."""
    return datetime.combine(day, time(hour, minute), NEW_YORK).astimezone(UTC)


def daily(hour: int, minute: int) -> Callable[[date], list[datetime]]:
    return lambda day: [local(day, hour, minute)]


def on_sessions(hour: int, minute: int) -> Callable[[date], list[datetime]]:
    """No holiday and no half day lies in these weeks."""
    return lambda day: [local(day, hour, minute)] if day.weekday() < 5 else []


#: What each line of text means, written out by hand and not by what reads it.
EXPECTED: dict[str, Callable[[date], list[datetime]]] = {
    "0 6 * * * UTC": lambda day: [datetime.combine(day, time(6), UTC)],
    "30 */4 * * * UTC": lambda day: [
        datetime.combine(day, time(hour, 30), UTC) for hour in range(0, 24, 4)
    ],
    "0 7 * * * America/New_York": daily(7, 0),
    "30 2 * * * America/New_York": lambda day: [
        local(day, 3, 0) if day in (CHANGES[0], CHANGES[2]) else local(day, 2, 30)
    ],
    "30 1 * * * America/New_York": daily(1, 30),
    "XNYS open-10m": on_sessions(9, 20),
    "XNYS open": on_sessions(9, 30),
    "XNYS middle": on_sessions(12, 45),
    "XNYS close+15m": on_sessions(16, 15),
    "first session of the week, XNYS open": lambda day: (
        [local(day, 9, 30)] if day.weekday() == 0 else []
    ),
    "last session of the week, XNYS close": lambda day: (
        [local(day, 16, 0)] if day.weekday() == 4 else []
    ),
}


def expected(text: str, begins: datetime, ends: datetime) -> list[datetime]:
    days = range((ends - begins).days + 3)
    first = begins.date() - timedelta(days=1)
    dues = [due for n in days for due in EXPECTED[text](first + timedelta(days=n))]
    return sorted(due for due in dues if begins < due <= ends)


def jobs(calendar: Calendar) -> dict[str, Job]:
    def other(name: str) -> Calendar:
        raise DataError(f"no exchange {name!r}")

    within = timing.Within(timedelta(hours=2))
    return {text: Job(text, timing.when(text, calendar, other), within) for text in EXPECTED}


@dataclass
class Week:
    """The days around one change, walked through by processes that are replaced."""

    case: Case
    calendar: Calendar
    url: str
    begins: datetime
    deaths: int
    clock: SimulatedClock = field(init=False)
    carried: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    died: int = 0

    async def walk(self) -> None:
        die = self.case.random
        ends = self.begins + 2 * AROUND
        self.clock = SimulatedClock(self.begins)
        moments = sorted(
            die.uniform(0, (ends - self.begins).total_seconds()) for _ in range(self.deaths)
        )
        dying = [self.begins + timedelta(seconds=s) for s in moments]
        while self.clock.at < ends:
            async with AsyncExitStack() as stack:
                dies = dying.pop(0) if dying else None
                await self._live(await self._process(stack), dies, ends)

    async def _process(self, stack: AsyncExitStack) -> tuple[Desk, Life]:
        journal = await stack.enter_async_context(open_journal(self.url))
        life = Life(self.case.random)
        desk = (await world(journal)).desk
        desk.journal = MortalJournal(journal, life, lambda *_: None)
        desk.market = desk.wall = self.clock
        desk.calendar = self.calendar
        desk.jobs = jobs(self.calendar)
        return desk, life

    async def _live(
        self, process: tuple[Desk, Life], dies: datetime | None, ends: datetime
    ) -> None:
        """One process, until it is killed at one of its calls after `dies`, or the week ends."""
        desk, life = process
        schedule, die = Schedule(desk), self.case.random
        steps = STEPS if self.case.is_full else LONG_STEPS
        while True:
            if dies and self.clock.at >= dies:
                life.ends_in(die.randint(0, 12), after=die.random() < 0.5)
            try:
                await self._look(desk, schedule)
            except Killed:
                self.died += 1
                return
            if self.clock.at >= ends:
                return
            if die.random() < 0.05:
                self.clock.at -= min(BACK, self.clock.at - self.begins)
            self.clock.at += timedelta(seconds=die.choice(steps))

    async def _look(self, desk: Desk, schedule: Schedule) -> None:
        async def work(run: Run) -> str:
            self.carried[run.job, run.due_at] += 1
            return "done"

        await schedule.keep()
        for run in await desk.journal.read(Run, state__in=(RunState.DUE, RunState.RUNNING)):
            await carry(desk, run.id, work)


async def check(week: Week, figures: Figures) -> None:
    """Exactly the expected runs, each done; carried out again only where its worker died."""
    ends = week.begins + 2 * AROUND
    async with open_journal(week.url) as journal:
        rows = await journal.read(Run, order="due_at")
    for text in EXPECTED:
        wanted = set(expected(text, week.begins, ends))
        mine = [r for r in rows if r.job == text and week.begins < r.due_at <= ends]
        got = {row.due_at for row in mine}
        figures.orders += len(wanted)
        figures.lost += len(wanted - got)
        figures.doubled += len(got - wanted)
        for due in sorted(wanted ^ got):
            word = "has no run" if due in wanted else "ran and was not due"
            figures.broken.append(f"{text} {word} at {due:%Y-%m-%d %H:%M} UTC")
        for row in mine:
            if row.state is not RunState.DONE:
                at = f"{row.due_at:%Y-%m-%d %H:%M}"
                figures.broken.append(f"{text} of {at} UTC is {row.state}: {row.outcome}")
    again = sum(times > 1 for times in week.carried.values())
    figures.more["carried out again after a death"] = (
        figures.more.get("carried out again after a death", 0.0) + again
    )
    if again > week.died:
        figures.broken.append(f"{again} runs were carried out twice, with {week.died} deaths")


async def run(case: Case) -> Figures:
    figures = Figures()
    calendar = await asyncio.to_thread(ExchangeCalendar.open, "XNYS", case.folder / "calendars")
    for number, day in enumerate(CHANGES):
        begins = datetime.combine(day, time(0), UTC) - AROUND
        url = await case.fresh(f"week{number}")
        week = Week(case, calendar, url, begins, case.count // len(CHANGES))
        await week.walk()
        await check(week, figures)
        figures.faults += week.died
    return figures


CLOCKS = Row(
    "clocks",
    "New York's clocks go forward and back in 2025 and 2026; processes killed on the way",
    "exactly the expected list of runs",
    full=400,
    short=8,
    run=run,
)
