"""The demo's clock: it waits for decisions and work, skips the nights, and obeys the buttons."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from desk import decide, execute, propose
from desk.halt import latch
from replay import demo_clock
from replay.demo_clock import BUSY, EXHAUSTED, PAUSED, WAITING, DemoClock
from replay.journal import MemoryJournal
from tests.world import MONDAY, World, answer, at, explain, world
from trading.clocks import ScaledClock, SimulatedClock
from trading.facts import ClockReading, ClockStatus, Run, RunState, Trading
from trading.orders import Order
from trading.ports import Journal
from trading.signals import Signal

TUESDAY = MONDAY.replace(day=4)
WALL = datetime(2026, 3, 1, 12, tzinfo=at(MONDAY, 0).tzinfo)


@dataclass
class Demo:
    w: World
    clock: DemoClock
    wall: SimulatedClock

    async def look(self, *, after: float = 0.0) -> ClockReading:
        """One look of the conductor, `after` wall seconds."""
        self.wall.at += timedelta(seconds=after)
        await self.w.desk.market.refresh()
        await self.clock.conduct(self.w.desk)
        await self.w.desk.market.refresh()
        return await self.clock.read()

    def now(self) -> datetime:
        return self.w.desk.market.now()

    async def stand(self, when: datetime, **changes: Any) -> None:
        row = await self.clock.read()
        changes = {"status": ClockStatus.RUNNING, "reason": "", **changes}
        await self.w.journal.move(row, wall_anchor=self.wall.at, market_anchor=when, **changes)
        await self.w.desk.market.refresh()


async def demo(journal: Journal | None = None) -> Demo:
    """The world five minutes after Monday's close, its clock running on a demo's row."""
    w = await world(journal)
    wall = SimulatedClock(WALL)
    clock = DemoClock(w.journal, wall, w.desk.calendar)
    await w.journal.append([clock.first_reading(at(MONDAY, 21, 5))])
    w.desk.market = ScaledClock(wall, clock.read)
    w.desk.wall = wall
    await w.desk.market.refresh()
    return Demo(w, clock, wall)


async def proposed(d: Demo, *symbols: str) -> Any:
    return await propose.propose(d.w.desk, "dip", [answer(s) for s in symbols], explain=explain)


async def test_it_begins_held_and_runs_where_nothing_waits():
    d = await demo()
    assert (await d.clock.read()).status is ClockStatus.HELD
    row = await d.look()
    assert row.status is ClockStatus.RUNNING
    await d.look(after=1)
    assert d.now() == at(MONDAY, 21, 5) + timedelta(hours=7.5) / 20


async def test_a_card_holds_it_until_it_is_decided():
    d = await demo()
    [signal] = await proposed(d, "AAPL")
    await d.look()
    for _ in range(3):
        row = await d.look(after=60)
        assert (row.status, row.reason) == (ClockStatus.HELD, WAITING)
        assert d.now() == at(MONDAY, 21, 5)
    await decide.reject(d.w.desk, signal.id, by="operator:1")
    assert (await d.look()).status is ClockStatus.RUNNING


async def test_while_halted_a_card_that_cannot_be_approved_holds_nothing():
    d = await demo()
    await proposed(d, "AAPL")
    await latch(d.w.journal, Trading.HALTED, by="operator:1", reason="", at=None)
    assert (await d.look()).status is ClockStatus.RUNNING


async def test_the_signals_of_a_list_alone_hold_nothing():
    d = await demo()
    signals = await proposed(d, "AAPL", "MSFT", "NVDA", "TSLA")
    for signal in signals[:3]:
        await decide.reject(d.w.desk, signal.id, by="operator:1")
    assert (await d.look()).status is ClockStatus.RUNNING


@pytest.mark.parametrize("state", [RunState.DUE, RunState.RUNNING])
async def test_a_job_holds_it_until_it_is_done(state: RunState):
    d = await demo()
    await d.w.journal.append([Run("mark", at(MONDAY, 21, 2), state)])
    row = await d.look()
    assert (row.status, row.reason) == (ClockStatus.HELD, BUSY)
    row = await d.look(after=60)
    assert row.market_anchor == at(MONDAY, 21, 5)
    [run] = await d.w.journal.read(Run)
    if state is RunState.DUE:
        run = await d.w.journal.move(run, state=RunState.RUNNING)
    await d.w.journal.move(run, state=RunState.DONE)
    assert (await d.look()).status is ClockStatus.RUNNING


async def test_an_order_that_is_due_holds_it_until_it_is_sent():
    d = await demo()
    [signal] = await proposed(d, "AAPL")
    await decide.approve(d.w.desk, signal.id, by="operator:1")
    await d.stand(at(TUESDAY, 14, 10))
    assert (await d.look()).status is ClockStatus.RUNNING, "not due before the open"
    await d.stand(at(TUESDAY, 14, 30))
    assert (await d.look()).reason == BUSY
    await execute.execute_due(d.w.desk, owner="t")
    assert (await d.look()).status is ClockStatus.RUNNING


async def test_an_order_kept_back_by_a_halt_holds_nothing():
    d = await demo()
    [signal] = await proposed(d, "AAPL")
    await decide.approve(d.w.desk, signal.id, by="operator:1")
    await latch(d.w.journal, Trading.HALTED, by="operator:1", reason="", at=None)
    await d.stand(at(TUESDAY, 14, 35))
    assert (await d.look()).status is ClockStatus.RUNNING
    assert await d.w.journal.count(Order) == 1


async def test_the_night_is_skipped_only_after_everything_due_is_done():
    d = await demo()
    await d.w.journal.append([Run("mark", at(MONDAY, 21, 2))])
    await d.stand(at(MONDAY, 21, 29))
    assert (await d.look()).reason == BUSY
    [run] = await d.w.journal.read(Run)
    await d.w.journal.move(run, state=RunState.MISSED)
    await d.look()
    assert d.now() == at(MONDAY, 21, 29)
    await d.stand(at(MONDAY, 21, 30))
    await proposed(d, "AAPL")
    assert (await d.look()).reason == WAITING
    assert d.now() == at(MONDAY, 21, 30)
    [signal] = await d.w.journal.read(Signal)
    await decide.reject(d.w.desk, signal.id, by="operator:1")
    await d.look()
    assert d.now() == at(TUESDAY, 14, 0), "half an hour before the open"


async def test_a_weekend_is_one_night():
    d = await demo()
    friday, monday = MONDAY.replace(day=7), MONDAY.replace(day=10)
    await d.stand(at(friday, 21, 31))
    await d.look()
    assert d.now() == at(monday, 14, 0)


async def test_within_a_session_nothing_is_skipped():
    d = await demo()
    await d.stand(at(TUESDAY, 15, 0))
    await d.look()
    assert d.now() == at(TUESDAY, 15, 0)


async def test_when_the_history_ends_it_holds_and_says_so():
    d = await demo()
    end = d.w.desk.feed.known_through() + demo_clock.AFTER_CLOSE
    await d.stand(end - timedelta(minutes=1))
    await d.w.journal.append([Run("mark", end)])
    assert (await d.look()).reason == BUSY, "what is due is still done"
    await d.stand(end)
    row = await d.look()
    assert (row.status, row.reason) == (ClockStatus.HELD, EXHAUSTED)
    shown = await d.clock.state()
    assert (shown["status"], shown["reason"]) == ("exhausted", EXHAUSTED)
    await d.clock.resume()
    await d.look(after=0.25)
    assert (await d.clock.read()).reason == EXHAUSTED, "running on does not leave the history"


# The buttons


async def test_paused_it_stands_until_it_is_resumed():
    d = await demo()
    await d.look()
    d.wall.at += timedelta(seconds=1)
    await d.clock.pause()
    paused_at = (await d.clock.read()).market_anchor
    assert paused_at > at(MONDAY, 21, 5)
    row = await d.look(after=100)
    assert (row.reason, d.now()) == (PAUSED, paused_at)
    assert (await d.clock.state())["status"] == "paused"
    await d.clock.resume()
    row = await d.look()
    assert (row.status, row.market_anchor) == (ClockStatus.RUNNING, paused_at)


async def test_resuming_what_waits_for_a_decision_moves_no_time():
    d = await demo()
    await proposed(d, "AAPL")
    await d.look()
    held = d.now()
    for _ in range(5):
        await d.clock.resume()
        d.wall.at += timedelta(seconds=1)
        row = await d.look()
        assert (row.status, row.reason, d.now()) == (ClockStatus.HELD, WAITING, held)


async def test_a_step_goes_from_event_to_event_and_stands_there():
    d = await demo()
    stops = []
    for _ in range(4):
        await d.clock.step()
        row = await d.look(after=10)
        assert row.reason == PAUSED
        stops.append(d.now())
    wednesday = MONDAY.replace(day=5)
    assert stops == [
        at(TUESDAY, 14, 31),
        at(TUESDAY, 21, 6),
        at(wednesday, 14, 31),
        at(wednesday, 21, 6),
    ]


async def test_another_speed_moves_no_time_and_keeps_its_bounds():
    d = await demo()
    await d.look()
    d.wall.at += timedelta(seconds=2)
    before = (await d.clock.state())["now"]
    await d.clock.faster()
    assert await d.clock.state() | {"seconds_per_day": 0} == (
        await d.clock.state() | {"now": before, "seconds_per_day": 0}
    )
    assert (await d.clock.state())["seconds_per_day"] == 10
    for _ in range(10):
        await d.clock.faster()
    assert (await d.clock.state())["seconds_per_day"] == demo_clock.FASTEST
    for _ in range(20):
        await d.clock.slower()
    assert (await d.clock.state())["seconds_per_day"] == demo_clock.SLOWEST


class Meeting(MemoryJournal):
    """A journal in which whoever asks `kind` for the first time meets the other at a barrier."""

    def __init__(self, kind: type[Any], others_turn: Callable[[], Any]) -> None:
        super().__init__()
        self._kind, self._turn = kind, others_turn
        self.armed = False

    async def count(self, kind: type[Any], /, **where: Any) -> int:
        if self.armed and kind is self._kind:
            self.armed = False
            await self._turn()
        return await super().count(kind, **where)


async def test_a_pause_pressed_during_a_look_stands():
    """The conductor has read the row and asks what is due when the button is pressed."""

    async def press() -> None:
        await d.clock.pause()

    journal = Meeting(Run, press)
    d = await demo(journal)
    journal.armed = True
    row = await d.look()
    assert not journal.armed
    assert row.reason == PAUSED


async def test_a_button_is_not_lost_to_the_conductor():
    d = await demo()
    reads = 0
    read = d.clock.read

    async def read_and_be_overtaken() -> ClockReading:
        nonlocal reads
        row = await read()
        reads += 1
        if reads == 1:
            await d.w.journal.move(row, status=ClockStatus.RUNNING)
        return row

    d.clock.read = read_and_be_overtaken  # type: ignore[method-assign]
    await d.clock.pause()
    assert (await read()).reason == PAUSED
    assert reads == 2


async def test_many_presses_at_once_all_count():
    d = await demo()
    await asyncio.gather(*(d.clock.faster() for _ in range(2)))
    assert (await d.clock.state())["seconds_per_day"] == 5


async def test_a_clock_that_was_never_set_says_so():
    d = await demo()
    with pytest.raises(RuntimeError, match="never set"):
        await DemoClock(MemoryJournal(), d.wall, d.w.desk.calendar).read()
