"""Protections: locks that runs of poor trades ask for, each put on once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from desk import locks
from desk.desk import Desk
from risk import protections
from risk.protections import Ended
from trading.brackets import Bracket, Trigger
from trading.errors import DataError
from trading.ledger import Book, Ledger, Trade
from trading.orders import Order

BY = "protection"
WEEKENDS = 2  # days looked back for one session, so that as many are among them


async def lock(
    desk: Desk, ledger: Ledger, locked: Mapping[str, int], first: int
) -> Mapping[str, int]:
    """Joins the caller's transaction. Trades ended by fills up to `first` do not count, nor, for
    a scope, those that locked it before; returns the latter anew."""
    limits = desk.limits.protections
    if not (limits.stops or limits.poor_trades):
        return locked
    now = desk.market.now()
    span = max(
        limits.stop_sessions * bool(limits.stops), limits.poor_sessions * bool(limits.poor_trades)
    )
    since = now - timedelta(days=span * WEEKENDS + 7)
    trades = []
    for trade in reversed(ledger.trades):
        if trade.id <= first or trade.closed_at < since:
            break
        trades.append(trade)
    if not trades:
        return locked
    stops = await _stops(desk, trades)
    ended = [(trade, _ended(desk, trade, now, stops)) for trade in trades]
    found = dict(locked)
    for wanted in protections.locks([one for _, one in ended], limits):
        newest = max(trade.id for trade, one in ended if _of(one, wanted.scope))
        if newest <= locked.get(wanted.scope, 0):
            continue
        fresh = [one for trade, one in ended if trade.id > locked.get(wanted.scope, 0)]
        if not any(again.scope == wanted.scope for again in protections.locks(fresh, limits)):
            continue  # what is left of it was locked for already
        found[wanted.scope] = newest
        await locks.add(desk, wanted.scope, _until(desk, now), wanted.reason, BY)
    return found


async def _stops(desk: Desk, trades: list[Trade]) -> set[str]:
    """Keys of the orders that ended these at a loss and were stops: such orders of their own that
    rested at the broker, or sent once we saw the price pass."""
    lost = [trade for trade in trades if trade.net_base < 0]
    if not lost:
        return set()
    keys = tuple(trade.closed_by for trade in lost)
    rested = {
        order.key for order in await desk.journal.read(Order, key__in=keys) if locks.is_stop(order)
    }
    since = min(trade.opened_at for trade in lost)
    fired = {
        (Book(row.strategy, row.account, row.symbol), row.opened_by)
        for row in await desk.journal.read(Bracket, fired=Trigger.STOP, fired_at__gte=since)
    }
    return rested | {trade.closed_by for trade in lost if (trade.book, trade.opened_by) in fired}


def _ended(desk: Desk, trade: Trade, now: datetime, stops: set[str]) -> Ended:
    try:
        passed = len(desk.calendar.sessions(trade.closed_at.date(), now.date())) - 1
    except DataError:
        passed = (now - trade.closed_at).days
    book = trade.book
    return Ended(
        book.strategy, book.symbol, max(passed, 0), trade.net_base, trade.closed_by in stops
    )


def _of(trade: Ended, scope: str) -> bool:
    return scope in (f"strategy:{trade.strategy}", f"symbol:{trade.symbol}")


def _until(desk: Desk, now: datetime) -> datetime:
    """The close of the so many-th session from now; by days past what the calendar knows."""
    count, at = desk.limits.protections.lock_sessions, now
    try:
        for _ in range(count):
            at = desk.calendar.next_session(at).open
    except DataError:
        return now + timedelta(days=count)
    return at
