"""Marks: each strategy's book at each session's close; a cache that P&L and charts read.

The accounts' snapshots are taken with them, in one transaction, at the same moment and prices.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import TypeVar

from desk import snapshots
from desk.desk import Desk
from desk.snapshots import Prices
from trading.errors import DataError
from trading.ledger import Ledger, Trade
from trading.money import Action, Adjustment, Mark, Snapshot, micro
from trading.orders import Fill
from trading.ports import Calendar, Session

ZERO = Decimal(0)
EVER = datetime.min.replace(tzinfo=UTC)
K = TypeVar("K", Mark, Snapshot)


async def mark_session(desk: Desk, session: Session) -> list[Mark]:
    """Record what every book and account was worth at the close. A second call changes nothing
    but what facts or prices that came late make otherwise; returns the marks that are new."""
    ledger = await closing_books(desk, session.close)
    prices = await snapshots.prices_at(desk, ledger, session.close)
    may = await snapshots.allowed(desk, session, ledger)
    before = await desk.journal.read(Snapshot, session=session.day)
    may = {**snapshots.kept_allowed(before), **may}
    trades = closed_in(desk.calendar, ledger, session)
    taken = snapshots.snapshots_of(ledger, session, trades, prices, may, desk.currency)
    new, _ = await save(desk, session.day, marks_of(ledger, session, prices), taken)
    return new


async def save(
    desk: Desk, day: date, marks: Sequence[Mark], taken: Sequence[Snapshot]
) -> tuple[list[Mark], bool]:
    """In place of what is kept of that session; the marks that are new, and whether anything was
    otherwise."""
    async with desk.journal.transaction():
        _, shots = await _renew(desk, Snapshot, day, taken)
        new, others = await _renew(desk, Mark, day, marks)
    return new, shots or others


async def _renew(desk: Desk, kind: type[K], day: date, rows: Sequence[K]) -> tuple[list[K], bool]:
    """Those that were not there in the same words; what no fact makes any more goes."""
    fresh, gone = list(rows), 0
    for row in await desk.journal.read(kind, session=day):
        same = replace(row, id=0)
        if same in fresh:
            fresh.remove(same)
        else:
            gone += await desk.journal.remove(kind, id=row.id)
    return await desk.journal.append(fresh), bool(fresh or gone)


async def closing_books(desk: Desk, close: datetime) -> Ledger:
    """The books as they stood at the close: what came later does not belong to it."""
    now = desk.market.now()
    late = (
        await desk.journal.count(Fill, at__gt=close)
        or await desk.journal.count(Adjustment, at__gt=close)
        or await desk.journal.count(Action, at__gt=close, at__lte=now)
    )
    return await (desk.books.as_of(close) if late else desk.books.ledger())


def closed_in(calendar: Calendar, ledger: Ledger, session: Session) -> list[Trade]:
    """The trades closed since the close before, all where the calendar does not reach so far."""
    try:
        since = calendar.last_closed(session.open).close
    except DataError:
        since = EVER
    trades, place = ledger.trades, attrgetter("closed_at")  # by which they stand in order
    begin = bisect_right(trades, since, key=place)
    return trades[begin : bisect_right(trades, session.close, key=place)]


def marks_of(ledger: Ledger, session: Session, prices: Prices) -> list[Mark]:
    """One mark a (strategy, account) that ever traded, in millionths of the base currency. What
    has no price is at cost. Raises DataError where an exchange rate is missing."""
    open_: dict[tuple[str, str], _Open] = {}
    for position in ledger.held():
        book = position.book
        price = prices.get(book.symbol)
        rate = ledger.rates.at(position.currency, session.close)
        worth = position.cost if price is None else position.value(price)
        mine = open_.setdefault((book.strategy, book.account), _Open())
        mine.gain += (worth - position.cost) * rate
        mine.fx += position.cost * rate - position.base
        mine.exposure += abs(worth) * rate
    marks = []
    for (strategy, account), total in ledger.totals.items():
        mine = open_.get((strategy, account)) or _Open()
        marks.append(
            Mark(
                session.day,
                account,
                strategy,
                total.currency,
                micro(total.realised),
                micro(mine.gain),
                micro(total.fees),
                micro(mine.exposure),
                total.trades,
                micro(total.taxes),
                micro(total.fx + mine.fx),
            )
        )
    return marks


@dataclass(slots=True)
class _Open:
    """What one (strategy, account) holds, in base currency."""

    gain: Decimal = ZERO  # by price
    fx: Decimal = ZERO
    exposure: Decimal = ZERO


async def last_marked(desk: Desk) -> date | None:
    mark = await desk.journal.first(Mark, order="-session")
    return mark.session if mark else None
