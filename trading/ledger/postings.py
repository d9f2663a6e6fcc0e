"""Double entry: what each fact moves between accounts; in every currency it sums to zero."""

from decimal import Decimal
from typing import NamedTuple

from trading.ledger.position import Book
from trading.money import CAPITAL, Adjustment, Flow
from trading.orders import Fill


class Posting(NamedTuple):
    """One line. Assets and costs are positive, income and capital negative, as accountants do."""

    account: str  # "cash:ib", "position:ib:dip:AAPL", "income:realised:dip", "costs:fees:dip" …
    amount: Decimal
    currency: str


def of_fill(fill: Fill, book: Book, cash: Decimal, cost: Decimal, gross: Decimal) -> list[Posting]:
    """`cash` moved, `cost` the change of what the book's lots cost, `gross` realised."""
    currency, by = fill.currency, fill.strategy
    lines = [
        Posting(f"cash:{fill.account}", cash, currency),
        Posting(_position(book), cost, currency),
        Posting(f"income:realised:{by}", -gross, currency),
        Posting(f"costs:fees:{by}", fill.fee, currency),
        Posting(f"costs:taxes:{by}", fill.tax, currency),
    ]
    return [line for line in lines if line.amount]


def of_adjustment(fact: Adjustment) -> list[Posting]:
    kind = fact.kind
    if kind in CAPITAL:
        other = f"capital:{fact.account}"
    elif kind == Flow.FX:
        other = f"conversion:{fact.account}"
    elif kind in (Flow.FEE, Flow.TAX):
        other = f"costs:{kind}:{fact.strategy}"
    else:
        other = f"income:{kind}:{fact.strategy}"
    return [
        Posting(f"cash:{fact.account}", fact.amount, fact.currency),
        Posting(other, -fact.amount, fact.currency),
    ]


def of_move(book: Book, into: Book, cost: Decimal, currency: str) -> list[Posting]:
    """Cost that goes from one book to another, as in a spin-off."""
    return [
        Posting(_position(book), -cost, currency),
        Posting(_position(into), cost, currency),
    ]


def of_end(
    book: Book, cash: Decimal, cost: Decimal, gross: Decimal, currency: str
) -> list[Posting]:
    """Units that ended without a fill, for `cash`."""
    lines = [
        Posting(f"cash:{book.account}", cash, currency),
        Posting(_position(book), cost, currency),
        Posting(f"income:realised:{book.strategy}", -gross, currency),
    ]
    return [line for line in lines if line.amount]


def _position(book: Book) -> str:
    return f"position:{book.account}:{book.strategy}:{book.symbol}"
