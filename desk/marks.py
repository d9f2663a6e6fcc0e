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
        price = await close_price(desk, book.symbol, session, position.average)
        gain, exposure = open_.get((book.strategy, book.account), (ZERO, ZERO))
        value = abs(position.value(price))
        open_[book.strategy, book.account] = gain + position.unrealised(price), exposure + value
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


async def close_price(desk: Desk, symbol: str, session: Session, otherwise: Decimal) -> Decimal:
    """The session's close, or `otherwise` (what it cost) for a symbol that never had a price."""
    quote = await desk.feed.quote(symbol, session.close)
    return quote.price if quote else otherwise


def micro(value: Decimal) -> int:
    return int((value * MICRO).to_integral_value())


def money(value: int) -> Decimal:
    return Decimal(value) / MICRO


async def last_marked(desk: Desk) -> date | None:
    mark = await desk.journal.first(Mark, order="-session")
    return mark.session if mark else None
