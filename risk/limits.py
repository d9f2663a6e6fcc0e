"""The limits, as values. Defaults follow common practice (SEC 15c3-5, NautilusTrader)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from risk.aims import Aim
from trading.parts import Part

ZERO = Decimal(0)


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
    position: Decimal = Decimal("0.05")  # aimed at by each entry without a rule
    max_positions: int = 20
    amount: Decimal | None = None  # in place of `allocation`: money, in the desk's currency
    aim: Aim | None = None  # the rule that sizes an entry

    def limit(self, equity: Decimal) -> Decimal:
        """What the strategy may use in all, in currency; never below zero."""
        return max(self.allocation * equity if self.amount is None else self.amount, ZERO)

    def with_part(self, part: Part) -> "Allowance":
        """The same with another allocation."""
        if part.amount is not None:
            return replace(self, amount=part.amount)
        assert part.share is not None
        return replace(self, allocation=part.share, amount=None)
