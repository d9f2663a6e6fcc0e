"""Lots: what a position is made of, and which of them a closing fill takes."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

ONE = Decimal(1)  # the rate of a currency to itself; asked by identity, which spares products
STEP = Decimal("0.00000001")  # an allocated cost rounds here; what is left over goes to the last

SHORT = 30  # digits a quotient may have: twice as many are kept, so its products do not round


class Method(StrEnum):
    """Which lots a closing fill takes first."""

    FIFO = "fifo"  # the oldest
    LIFO = "lifo"  # the newest
    HIFO = "hifo"  # the highest price per unit, long or short; of equals the oldest
    AVERAGE = "average"  # all alike: they are one lot


@dataclass(slots=True)
class Lot:
    """Units opened together. `unit` and `rate` are exact where they are known; once an action or
    an average made them quotients they are None, and costs are allocated by units."""

    quantity: Decimal  # signed, units
    cost: Decimal  # signed, in the instrument's currency
    base: Decimal  # the cost in the base currency, at the rates of the day
    at: datetime
    unit: Decimal | None  # cost of one unit: price x multiplier
    rate: Decimal | None  # base currency per unit of currency

    def take(self, units: Decimal) -> tuple[Decimal, Decimal]:
        """Remove `units` (unsigned, fewer than there are); the cost and the base cost that go
        with them, signed."""
        held, signed = self.quantity, units if self.quantity > 0 else -units
        cost = share(self.cost, signed, held) if self.unit is None else signed * self.unit
        if self.rate is ONE:
            base = cost
        else:
            base = share(self.base, signed, held) if self.rate is None else cost * self.rate
        self.quantity -= signed
        self.cost -= cost
        self.base -= base
        return cost, base

    def absorb(self, other: "Lot") -> None:
        """Become one lot of both, as the average method wants."""
        self.quantity += other.quantity
        self.cost += other.cost
        self.base += other.base
        self.unit = self.unit if self.unit == other.unit else None
        self.rate = self.rate if self.rate == other.rate else None


def share(whole: Decimal, units: Decimal, of: Decimal) -> Decimal:
    """The part of `whole` that `units` of so many carry."""
    return (whole * units / of).quantize(STEP) if whole else whole


def quotient(amount: Decimal, units: Decimal) -> Decimal | None:
    """Exactly `amount` / `units`, or None where that has no end (1 / 3)."""
    found = amount / units
    short = len(found.as_tuple().digits) <= SHORT
    return found if short and found * units == amount else None


def next_lot(lots: deque[Lot], method: Method) -> int:
    """The place of the lot that is closed first."""
    if method is Method.LIFO:
        return len(lots) - 1
    if method is Method.HIFO:
        prices = [lot.cost / lot.quantity if lot.unit is None else lot.unit for lot in lots]
        return prices.index(max(prices))
    return 0
