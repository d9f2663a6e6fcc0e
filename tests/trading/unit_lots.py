"""The ledger again, as naively as can be: every unit is a lot of its own, every figure a Fraction.

Kept apart from the tests so that the only thing it shares with the real one is the fills.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from trading.orders import Fill
from trading.types import Side

T0 = datetime(2025, 2, 3, 14, 30, tzinfo=UTC)
Key = tuple[str, str, str]  # strategy, account, symbol


class UnitBook:
    """One book: a list of (direction, price, multiplier), one entry a unit, oldest first."""

    def __init__(self) -> None:
        self.units: list[tuple[int, Fraction, Fraction]] = []
        self.realised = Fraction(0)
        self.fees = Fraction(0)

    def trade(self, direction: int, price: Fraction, multiplier: Fraction) -> None:
        if self.units and self.units[0][0] != direction:
            was, paid, _ = self.units.pop(0)
            self.realised += (price - paid) * was * multiplier
        else:
            self.units.append((direction, price, multiplier))

    @property
    def quantity(self) -> int:
        return sum(direction for direction, _, _ in self.units)

    def unrealised(self, price: Fraction) -> Fraction:
        return sum(
            ((price - paid) * direction * times for direction, paid, times in self.units),
            Fraction(0),
        )


class UnitLedger:
    """Whole units only. Cash is what was paid and received, unit by unit."""

    def __init__(self) -> None:
        self.books: dict[Key, UnitBook] = defaultdict(UnitBook)
        self.cash = Fraction(0)

    def apply(self, fill: Fill) -> None:
        book = self.books[fill.strategy, fill.account, fill.symbol]
        price, multiplier = Fraction(fill.price), Fraction(fill.multiplier)
        for _ in range(int(fill.quantity)):
            book.trade(fill.side.sign, price, multiplier)
            self.cash -= fill.side.sign * price * multiplier
        book.fees += Fraction(fill.fee)
        self.cash -= Fraction(fill.fee)


def unit_fold(fills: Iterable[Fill]) -> UnitLedger:
    ledger = UnitLedger()
    for fill in fills:
        ledger.apply(fill)
    return ledger


def fills(*lines: str, strategy: str = "dip") -> list[Fill]:
    """`fills("buy 10 AAPL @ 100", "sell 10 AAPL @ 110 fee 1 x5")`: one a minute, in order."""
    made = []
    for number, line in enumerate(lines):
        side, quantity, symbol, _, price, *rest = line.split()
        fee, multiplier = "0", "1"
        if rest[:1] == ["fee"]:
            fee, rest = rest[1], rest[2:]
        if rest:
            multiplier = rest[0].removeprefix("x")
        made.append(
            Fill(
                "paper",
                "paper",
                f"{strategy}-{number}",
                f"k{number}",
                strategy,
                symbol,
                Side(side),
                Decimal(quantity),
                Decimal(price),
                Decimal(fee),
                "USD",
                T0 + timedelta(minutes=number),
                Decimal(multiplier),
            )
        )
    return made
