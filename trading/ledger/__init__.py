"""The ledger: a fold over fills, cash adjustments and corporate actions. There is no second P&L."""

from trading.ledger.fold import fold
from trading.ledger.ledger import Ledger, Total
from trading.ledger.lots import Lot, Method
from trading.ledger.position import Book, Position, Trade
from trading.ledger.postings import Posting
from trading.ledger.rates import Rates

__all__ = [
    "Book",
    "Ledger",
    "Lot",
    "Method",
    "Position",
    "Posting",
    "Rates",
    "Total",
    "Trade",
    "fold",
]
