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
    sums: dict[tuple[str, str], list[Decimal]] = {}
    currency: dict[tuple[str, str], str] = {}
    for book, position in ledger.positions.items():
        key = (book.strategy, book.account)
        total = sums.setdefault(key, [ZERO, ZERO, ZERO, ZERO])
        currency[key] = position.currency
        total[0] += position.realised
        total[2] += position.fees
        if position.quantity:
            price = await close_price(desk, book.symbol, session, position.average)
            total[1] += position.unrealised(price)
            total[3] += abs(position.value(price))
    trades: dict[tuple[str, str], int] = {}
    for trade in ledger.trades:
        key = (trade.book.strategy, trade.book.account)
        trades[key] = trades.get(key, 0) + 1
    return [
        Mark(
            session.day,
            account,
            strategy,
            currency[strategy, account],
            micro(total[0]),
            micro(total[1]),
            micro(total[2]),
            micro(total[3]),
            trades.get((strategy, account), 0),
        )
        for (strategy, account), total in sums.items()
    ]


async def close_price(desk: Desk, symbol: str, session: Session, otherwise: Decimal) -> Decimal:
    """The session's close, or `otherwise` (what it cost) for a symbol that never had a price."""
    quote = await desk.feed.quote(symbol, session.close)
    return quote.price if quote else otherwise


def micro(value: Decimal) -> int:
    return int((value * MICRO).to_integral_value())


def money(value: int) -> Decimal:
    return Decimal(value).scaleb(-6)


async def last_marked(desk: Desk) -> date | None:
    mark = await desk.journal.first(Mark, order="-session")
    return mark.session if mark else None
