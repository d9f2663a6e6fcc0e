"""Moments that a hurried clock must not run past: what is due there is due within minutes."""

from datetime import datetime

from desk.desk import NOTICE, Desk
from trading.orders import Order, OrderState
from trading.types import Holding, Moment


async def next_stop(desk: Desk, at: datetime, until: datetime) -> datetime | None:
    """The first of them after `at` and up to `until`: an open that a strategy decides at, the
    minutes before a close that one leaves at, an order's own time inside a session."""
    orders = await desk.journal.read(
        Order, state=OrderState.PLANNED, execute_at__gt=at, execute_at__lte=until
    )
    stops = [order.execute_at for order in orders]
    plans = desk.plans.values()
    if any(plan.decides is Moment.OPEN for plan in plans):
        stops.append(desk.calendar.next_session(at).open)
    session = desk.calendar.session_at(at)
    if session is not None and any(plan.holds is Holding.SESSION for plan in plans):
        stops.append(session.close - NOTICE)
    return min((stop for stop in stops if at < stop <= until), default=None)
