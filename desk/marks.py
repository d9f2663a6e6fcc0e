"""Marks: each strategy's book at each session's close; a cache that P&L and charts read."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desk.desk import Desk
from trading.ledger import Ledger
from trading.money import MICRO, Mark
from trading.orders import Fill
from trading.ports import Session

ZERO = Decimal(0)


async def mark_session(desk: Desk, session: Session) -> list[Mark]:
    """Record what every strategy's book was worth at the close; a second call adds nothing."""
    late = await desk.journal.count(Fill, at__gt=session.close)
    # Marking a session of the past: later fills do not belong to it.
    ledger = await (desk.books.as_of(session.close) if late else desk.books.ledger())
    return await desk.journal.append(await marks_of(desk, ledger, session))


async def marks_of(desk: Desk, ledger: Ledger, session: Session) -> list[Mark]:
    """One mark a (strategy, account) that ever traded, in millionths of the base currency."""
    open_: dict[tuple[str, str], _Open] = {}
    for position in ledger.held():
        book = position.book
        quote = await desk.feed.quote(book.symbol, session.close)  # what never had one is at cost
        rate = ledger.rates.at(position.currency, session.close)
        worth = position.value(quote.price) if quote else position.cost
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


def micro(value: Decimal) -> int:
    return int((value * MICRO).to_integral_value())


def money(value: int) -> Decimal:
    return Decimal(value).scaleb(-6)


async def last_marked(desk: Desk) -> date | None:
    mark = await desk.journal.first(Mark, order="-session")
    return mark.session if mark else None
