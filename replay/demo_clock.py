"""The demo's market clock: one row, scaled over history, held while a decision or work waits."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from desk import wording
from desk.desk import Desk
from desk.halt import goes, trading_state
from replay.stops import next_stop, night_stop
from trading.clocks import WallClock, market_time
from trading.facts import ClockReading, ClockStatus, Run, RunState, Trading
from trading.orders import Order, OrderState
from trading.ports import Calendar, Journal, Session
from trading.signals import Signal, SignalState

DAY = timedelta(hours=7, minutes=30)  # of market time shown a session: half an hour either side
BEFORE_OPEN = timedelta(minutes=30)
AFTER_CLOSE = timedelta(minutes=30)
JUST_DUE = timedelta(minutes=5)  # an order due for longer waits for a price, not for us
SECONDS_A_DAY = 20.0
AHEAD = timedelta(seconds=0.6)  # of wall time: two looks of the desk and a bit
FASTEST, SLOWEST = 5.0, 320.0

WAITING = "waiting for your decision"
BUSY = "the desk is working"
PAUSED = "paused by you"
EXHAUSTED = "the history ends here; make demo-reset starts over"


def rate_of(seconds_a_day: float) -> float:
    return DAY.total_seconds() / seconds_a_day


class DemoClock:
    """Reads and moves the shared row. Implements the phone page's clock controls."""

    def __init__(self, journal: Journal, wall: WallClock, calendar: Calendar) -> None:
        self._journal = journal
        self._wall = wall
        self._calendar = calendar

    async def read(self) -> ClockReading:
        row = await self._journal.first(ClockReading, name="market")
        if row is None:
            raise RuntimeError("the demo's clock was never set")
        return row

    def first_reading(self, at: datetime) -> ClockReading:
        """The row as the demo begins, standing at `at`."""
        return ClockReading(self._wall.now(), at, rate_of(SECONDS_A_DAY), ClockStatus.HELD, BUSY)

    async def _move(self, row: ClockReading, **changes: Any) -> bool:
        """Anchor `row` again at this moment with `changes`; False where it was moved meanwhile."""
        now = self._wall.now()
        changes.setdefault("market_anchor", market_time(row, now))
        return await self._journal.move(row, wall_anchor=now, **changes) is not None

    async def _press(self, change: Callable[[ClockReading], Mapping[str, Any]]) -> None:
        """A control is never lost to the conductor: what it moved first is read again."""
        row = await self.read()
        while not await self._move(row, **change(row)):
            row = await self.read()

    # The controls on the phone page.

    async def state(self) -> dict[str, Any]:
        row = await self.read()
        at = market_time(row, self._wall.now())
        from zoneinfo import ZoneInfo

        local = at.astimezone(ZoneInfo(self._calendar.zone))
        status = {PAUSED: "paused", EXHAUSTED: "exhausted"}.get(row.reason, row.status.value)
        return {
            "now": at.isoformat(),
            "label": f"{wording.day(local)} {local:%H:%M} {wording.place(self._calendar.zone)}",
            "status": status,
            "reason": "" if status == "paused" else row.reason,  # which would say it twice
            "seconds_per_day": round(DAY.total_seconds() / row.rate, 2),
        }

    async def pause(self) -> None:
        await self._press(lambda _: {"status": ClockStatus.HELD, "reason": PAUSED})

    async def resume(self) -> None:
        """Undoes a pause; what is held for another reason runs once that is gone."""
        runs = {"status": ClockStatus.RUNNING, "reason": ""}
        await self._press(lambda row: runs if row.reason == PAUSED else {})

    async def step(self) -> None:
        """Jump to the next open or to just after the next close, and stand there; a press that
        comes while something is due does nothing, since the jump would leave it behind."""
        if await self._anything_due():
            return
        await self.stand(self._next_event(market_time(await self.read(), self._wall.now())))

    async def stand(self, at: datetime) -> None:
        """Put the clock on a moment and leave it there, as if paused."""
        await self._press(
            lambda _: {"market_anchor": at, "status": ClockStatus.HELD, "reason": PAUSED}
        )

    async def _anything_due(self) -> bool:
        at = market_time(await self.read(), self._wall.now())
        if await _jobs_under_way(self._journal):
            return True
        sending = await self._journal.count(Order, state=OrderState.SUBMITTING)
        due = await self._journal.count(
            Order, state=OrderState.PLANNED, execute_at__lte=at, execute_at__gt=at - JUST_DUE
        )
        return bool(sending or due)

    def _next_event(self, at: datetime) -> datetime:
        session = self._calendar.session_at(at)
        if session is not None:
            return session.close + timedelta(minutes=6)
        return self._calendar.next_session(at).open + timedelta(minutes=1)

    async def faster(self) -> None:
        await self._press(partial(_scaled, factor=0.5))

    async def slower(self) -> None:
        await self._press(partial(_scaled, factor=2.0))

    # The conductor's part.

    async def conduct(self, desk: Desk) -> None:
        """One look: hold while somebody must decide or work is due, else run; skip the nights.

        What it moves is the row it looked at: a pause pressed meanwhile stands.
        """
        row = await self.read()
        if row.reason == PAUSED:
            return
        at = market_time(row, self._wall.now())
        if at >= desk.feed.known_through() + AFTER_CLOSE:
            await self._hold(row, EXHAUSTED)
        elif await _work_due(desk, at):
            await self._hold(row, BUSY)
        elif await _card_waits(desk):
            await self._hold(row, WAITING)
        elif (stop := await next_stop(desk, at, at + row.rate * AHEAD)) is not None:
            await self._stand(row, stop)
        else:
            await self._run(desk, row, at)

    async def _stand(self, row: ClockReading, at: datetime) -> None:
        """Put the clock on a moment that it would run past, until the next look has met it."""
        now = self._wall.now()
        await self._journal.move(
            row, wall_anchor=now, market_anchor=at, status=ClockStatus.HELD, reason=BUSY
        )

    async def _hold(self, row: ClockReading, reason: str) -> None:
        if row.status is not ClockStatus.HELD or row.reason != reason:
            await self._move(row, status=ClockStatus.HELD, reason=reason)

    async def _run(self, desk: Desk, row: ClockReading, at: datetime) -> None:
        morning = self._night_ends(at)
        if morning is not None and (stop := night_stop(desk, at, morning)) is not None:
            await self._stand(row, stop)
        elif morning is not None:
            await self._move(row, market_anchor=morning, status=ClockStatus.RUNNING, reason="")
        elif row.status is not ClockStatus.RUNNING:
            await self._move(row, status=ClockStatus.RUNNING, reason="")

    def _night_ends(self, at: datetime) -> datetime | None:
        """Half an hour before the next open, where nothing happens until then."""
        if self._calendar.session_at(at) is not None:
            return None
        last: Session = self._calendar.last_closed(at)
        morning = self._calendar.next_session(at).open - BEFORE_OPEN
        return morning if last.close + AFTER_CLOSE <= at < morning else None


def _scaled(row: ClockReading, factor: float) -> dict[str, Any]:
    seconds = DAY.total_seconds() / row.rate * factor
    return {"rate": rate_of(min(max(seconds, FASTEST), SLOWEST))}


async def _card_waits(desk: Desk) -> bool:
    """An undecided card, while it could be approved; signals of a list alone hold nothing."""
    if await trading_state(desk) is not Trading.ACTIVE:
        return False
    return bool(await desk.journal.count(Signal, state=SignalState.PENDING, carded=True))


async def _jobs_under_way(journal: Journal) -> bool:
    states = (RunState.DUE, RunState.RUNNING)
    return bool(await journal.count(Run, state__in=states, job__not="squareoff"))


async def _work_due(desk: Desk, at: datetime) -> bool:
    """A job or an order whose time has come: the clock never outruns the desk."""
    if await _jobs_under_way(desk.journal):
        return True
    if desk.calendar.session_at(at) is None:
        return False
    if await desk.journal.count(Order, state=OrderState.SUBMITTING):
        return True
    for order in await desk.journal.read(Order, state=OrderState.PLANNED, execute_at__lte=at):
        if not goes(order, await trading_state(desk, order.strategy, order.broker)):
            continue
        if not order.reduce_only and order.id in desk.hands.over:
            continue  # it waits for the order rate
        quote = await desk.feed.quote(order.symbol, at)
        if quote is not None and quote.tradable:  # one without a price may wait; time goes on
            return True
    return False
