"""Jobs that look after the house: orders that are due, old signals, old bars, old rows."""

from datetime import timedelta

from desk import decide, notices, starting, wording
from desk import execute as executing
from desk.beats import FORGOTTEN
from desk.desk import Desk
from trading.errors import DataError
from trading.facts import (
    Beat,
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
from trading.orders import Order, OrderState
from worker.research import Research

KEEP = timedelta(days=30)  # what is handled, sent or drawn is pruned after
KEEP_RUNS = timedelta(days=400)  # longer than any job rests between two runs
WARNING = timedelta(days=30)  # of calendar left


async def execute(desk: Desk, _: Research, claimed: Run) -> str:
    """Make sure that what is due is sent; the fast lane has usually done it."""
    del claimed
    if not desk.reconciled:
        await starting.reconcile_at_start(desk)
    await executing.execute_due(desk)
    now = desk.market.now()
    session = desk.calendar.session_at(now) or desk.calendar.last_closed(now)
    orders = await desk.journal.read(
        Order, execute_at__gte=session.open, execute_at__lte=now, order="id"
    )
    sent = sum(order.submitted_at is not None for order in orders)
    waiting = [order for order in orders if order.state is OrderState.PLANNED]
    names = ", ".join(order.symbol for order in waiting[:5])
    why = f" ({names}{', …' if len(waiting) > 5 else ''})" if waiting else ""
    return f"{sent or 'no'} order{'' if sent == 1 else 's'} sent, {len(waiting)} waiting{why}"


async def expire(desk: Desk, _: Research, claimed: Run) -> str:
    """Close the signals nobody decided in time."""
    del claimed
    count = await decide.expire(desk)
    return f"{count or 'no'} signal{'' if count == 1 else 's'} expired"


async def freshness(desk: Desk, research: Research, claimed: Run) -> str:
    """Raises DataError where the newest bar is older than the session that has closed."""
    del claimed
    session = desk.calendar.last_closed(desk.market.now())
    known = research.store.known_through
    if known is None:
        raise DataError("there are no bars at all; scans and charts have nothing to read")
    if known.date() < session.day:
        raise DataError(
            f"the newest bar is of {wording.short_day(known)}, and {desk.calendar.name} has "
            f"closed {wording.short_day(session.day)} since: scans read old prices until bars "
            "are imported"
        )
    return f"bars to {wording.short_day(session.day)}"


async def calendar(desk: Desk, _: Research, claimed: Run) -> str:
    """Raises DataError where the calendar has ended; tells it when that is less than 30 days
    ahead."""
    del claimed
    today, end = desk.local(desk.market.now()).date(), desk.calendar.known_through
    if today > end:
        desk.calendar.session_on(today)  # says what is known and what to do
    left = end - today
    if left < WARNING:
        title = f"The {desk.calendar.name} calendar ends in {left.days} days"
        text = (
            f"\nSessions are known to {wording.short_day(end)} {end.year}; from then on nothing "
            "that follows them runs. Update Quarterdeck and pandas_market_calendars before."
        )
        await notices.tell(desk, message(bold(title), text), lane=Lane.CRITICAL)
    return f"{desk.calendar.name} known to {wording.short_day(end)} {end.year}"


async def housekeeping(desk: Desk, _: Research, claimed: Run) -> str:
    """Forget pictures, notices, requests and runs that are done and old; facts of trading stay."""
    del claimed
    wall = desk.wall.now()
    before = wall - KEEP
    journal = desk.journal
    gone = await journal.remove(Notice, created_at__lt=before, state__not=NoticeState.DUE)
    gone += await journal.remove(Picture, wanted_at__lt=before, state__not=PictureState.WANTED)
    gone += await journal.remove(Request, received_at__lt=before, state__not=RequestState.NEW)
    ended = (RunState.DONE, RunState.FAILED)
    gone += await journal.remove(Run, finished_at__lt=wall - KEEP_RUNS, state__in=ended)
    missed = desk.market.now() - KEEP_RUNS
    gone += await journal.remove(Run, due_at__lt=missed, state=RunState.MISSED)
    gone += await journal.remove(Beat, at__lt=wall - FORGOTTEN)
    damaged = len(await journal.damaged())  # each is told by who minds this process
    unread = f", {damaged} cannot be read" if damaged else ""
    return f"{gone} old rows pruned{unread}"
