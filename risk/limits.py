"""The limits, as values. Defaults follow common practice (SEC 15c3-5, NautilusTrader)."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """Fractions of equity unless said."""

    order_notional: Decimal = Decimal("0.05")
    position_notional: Decimal = Decimal("0.10")
    gross_notional: Decimal = Decimal("1.00")
    drift: Decimal = Decimal("0.01")  # signal price to the press; or half an ATR if larger
    collar: Decimal = Decimal("0.02")  # decision price to our own quote when the order is sent


@dataclass(frozen=True, slots=True)
class Allowance:
    """One strategy's money: fractions of the account's equity."""

    allocation: Decimal = Decimal("0.80")
    position: Decimal = Decimal("0.05")  # aimed at by each entry
    max_positions: int = 20
