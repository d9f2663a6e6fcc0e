"""Marks: each strategy's book at each session's close; a cache that P&L and charts read."""

from datetime import date
from decimal import Decimal

from desk.desk import Desk
from trading.facts import MICRO, Adjustment, Mark
from trading.ledger import Ledger, fold
from trading.orders import Fill
from trading.ports import Session

ZERO = Decimal(0)


async def mark_session(desk: Desk, session: Session) -> list[Mark]:
    """Record what every strategy's book was worth at the close; a second call adds nothing."""
    late = await desk.journal.count(Fill, at__gt=session.close)
    ledger = await desk.books.ledger()
    if late:  # marking a session of the past: later fills do not belong to it
        fills = await desk.journal.read(Fill, at__lte=session.close)
        ledger = fold(fills, await desk.journal.read(Adjustment, at__lte=session.close))
    return await desk.journal.append(await marks_of(desk, ledger, session))


async def marks_of(desk: Desk, ledger: Ledger, session: Session) -> list[Mark]:
    """One mark a (strategy, account) that ever traded, in millionths of its currency."""
    open_: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}  # unrealised, exposure
    for position in ledger.held():
        book = position.book
        quote = await desk.feed.quote(book.symbol, session.close)  # what never had one is at cost
        value = position.value(quote.price) if quote else position.cost
        gain, exposure = open_.get((book.strategy, book.account), (ZERO, ZERO))
        gain += value - position.cost
        open_[book.strategy, book.account] = gain, exposure + abs(value)
    marks = []
    for (strategy, account), total in ledger.totals.items():
        gain, exposure = open_.get((strategy, account), (ZERO, ZERO))
        marks.append(
            Mark(
                session.day,
                account,
                strategy,
                total.currency,
                micro(total.realised),
                micro(gain),
                micro(total.fees),
                micro(exposure),
                total.trades,
            )
        )
    return marks


def micro(value: Decimal) -> int:
    return int((value * MICRO).to_integral_value())


def money(value: int) -> Decimal:
    return Decimal(value).scaleb(-6)


async def last_marked(desk: Desk) -> date | None:
    mark = await desk.journal.first(Mark, order="-session")
    return mark.session if mark else None
