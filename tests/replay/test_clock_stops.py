"""A hurried clock stands on the minutes that matter instead of running past them."""

from datetime import UTC, date, datetime, timedelta

from desk import decide, execute, leave, propose
from desk.desk import Plan
from desk.timetable import Job
from replay.demo_clock import DemoClock
from tests.world import World, answer, explain, timetable, world
from trading.clocks import SimulatedClock, market_time
from trading.facts import ClockReading, ClockStatus, Notice, Run, RunState
from trading.types import Holding, Mode, Moment
from worker import schedule, timing

TUESDAY = date(2025, 2, 4)
LOOK = timedelta(seconds=0.25)


def utc(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2025, 2, 4, hour, minute, second, tzinfo=UTC)


async def hurried(w: World, at: datetime) -> tuple[DemoClock, SimulatedClock]:
    """The demo's clock running at twenty seconds a day, over a desk that follows it."""
    wall = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))
    demo = DemoClock(w.journal, wall, w.desk.calendar)
    first = demo.first_reading(at)
    await w.journal.append(
        [ClockReading(first.wall_anchor, at, first.rate, ClockStatus.RUNNING, "")]
    )
    return demo, wall


async def a_day(w: World, start: datetime, end: datetime) -> list[tuple[str, datetime]]:
    """Looks a quarter of a second apart, as the desk takes them; the moments jobs were due met."""
    demo, wall = await hurried(w, start)
    met = []
    for _ in range(400):
        now = market_time(await demo.read(), wall.now())
        if now >= end:
            break
        w.clock.at = now
        await decide.expire(w.desk)
        await execute.execute_due(w.desk, owner="test")
        for run in await schedule.due_runs(w.desk):
            if run.job in ("scan:gap", "leave:gap"):
                met.append((run.job, now))
            if run.job == "scan:gap":
                entries = [answer("AAPL", day=TUESDAY)]
                signals = await propose.propose(w.desk, "gap", entries, explain=explain)
                await decide.approve_ranked(w.desk, signals, by="auto")
            if run.job == "leave:gap" and run.due_at.date() == TUESDAY:
                session = w.desk.calendar.session_on(TUESDAY)
                assert session
                await leave.leave(w.desk, "gap", session)
            await w.journal.move(run, state=RunState.RUNNING)
            running = await w.journal.first(Run, id=run.id)
            assert running
            await w.journal.move(running, state=RunState.DONE)
        await demo.conduct(w.desk)
        wall.at += LOOK
    return met


async def test_the_open_the_leave_and_the_last_minute_are_met_to_the_second():
    w = await world(mode=Mode.AUTO)
    w.desk.plans = {"gap": Plan("gap", Moment.OPEN, Holding.SESSION, mode=Mode.AUTO, cards=0)}
    timetable(w.desk)
    met = [m for m in await a_day(w, utc(14, 0), utc(21, 10)) if m[1].date() == TUESDAY]
    assert met[-2:] == [("scan:gap", utc(14, 30)), ("leave:gap", utc(20, 55))]
    (trade,) = (await w.desk.books.ledger()).trades
    assert trade.opened_at.replace(second=0) == utc(14, 30)
    assert trade.closed_at == utc(20, 59)


async def test_without_such_a_strategy_it_runs_through():
    w = await world()
    demo, wall = await hurried(w, utc(20, 50))
    await w.journal.append([])
    await demo.conduct(w.desk)
    row = await demo.read()
    assert row.status is ClockStatus.RUNNING
    assert market_time(row, wall.now()) == utc(20, 50)


async def nights_passed(w: World, tells: bool) -> list[datetime]:
    """The moments of a night on which the clock stood for a job due at three."""
    timetable(w.desk)
    night = timing.when("0 3 * * *", w.desk.calendar, lambda name: w.desk.calendar)
    two_hours = timing.within("2h", w.desk.calendar)
    w.desk.jobs = {"expire:night": Job("expire:night", night, two_hours, tells=tells)}
    demo, wall = await hurried(w, utc(21, 31))
    await w.journal.append([Run("expire:night", utc(8, 0), RunState.DONE)])
    stood = []
    for _ in range(6):
        w.clock.at = market_time(await demo.read(), wall.now())
        for run in await schedule.due_runs(w.desk):
            stood.append(w.clock.at)
            running = await w.journal.move(run, state=RunState.RUNNING)
            assert running
            await w.journal.move(running, state=RunState.DONE)
        await demo.conduct(w.desk)
        wall.at += LOOK
    return stood


async def test_a_skipped_night_stands_on_what_would_be_told_as_missed():
    w = await world()
    assert await nights_passed(w, tells=True) == [datetime(2025, 2, 5, 8, tzinfo=UTC)]
    assert await w.journal.count(Notice) == 0


async def test_what_nobody_is_told_of_costs_the_night_no_stop():
    w = await world()
    assert await nights_passed(w, tells=False) == []
    assert await w.journal.count(Run, state=RunState.MISSED) == 1
    assert await w.journal.count(Notice) == 0
