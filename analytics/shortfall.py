"""Implementation shortfall: what became of the signal's price on the way to the fill.

signal price → (delay) → decision price → (execution) → fill price → (costs). Positive is worse.
A. Perold, *The Implementation Shortfall*, Journal of Portfolio Management 14 (1988), of what was
filled; what was not filled has no shortfall here (see `analytics.vetoed`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from analytics.days import ZERO
from trading.types import Side

BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Execution:
    """One order's fills together. Prices in the instrument's currency, amounts in base currency,
    worse for us is positive."""

    key: str  # of the order
    strategy: str
    broker: str
    symbol: str
    side: Side
    quantity: Decimal  # filled, units
    price: Decimal  # average of its fills
    signal_price: Decimal | None  # None: no signal asked for it
    decision_price: Decimal | None  # what the decision was made on
    costs: Decimal  # fees and taxes
    at: datetime  # of the first fill, market time
    multiplier: Decimal = Decimal(1)
    rate: Decimal = Decimal(1)  # base currency per unit of the instrument's

    @property
    def value(self) -> Decimal:
        """What the units were worth at the price they are measured by."""
        return self._worth(self._from)

    @property
    def traded(self) -> Decimal:
        """What the units were worth at the price they filled at."""
        return self._worth(self.price)

    @property
    def delay(self) -> Decimal:
        """From the signal to the decision; 0 where either price is not known."""
        if self.signal_price is None or self.decision_price is None:
            return ZERO
        return self._worse(self.signal_price, self.decision_price)

    @property
    def execution(self) -> Decimal:
        """From the decision (or the signal, where the decision recorded no price) to the fill."""
        before = self.decision_price if self.decision_price is not None else self.signal_price
        return ZERO if before is None else self._worse(before, self.price)

    @property
    def slippage(self) -> Decimal:
        """From the first price known to the fill, before costs."""
        return self.delay + self.execution

    @property
    def total(self) -> Decimal:
        return self.slippage + self.costs

    @property
    def _from(self) -> Decimal:
        for price in (self.signal_price, self.decision_price):
            if price is not None:
                return price
        return self.price

    def _worth(self, price: Decimal) -> Decimal:
        return self.quantity * abs(price) * self.multiplier * self.rate

    def _worse(self, before: Decimal, after: Decimal) -> Decimal:
        return (after - before) * self.side.sign * self.quantity * self.multiplier * self.rate


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Many executions together, in base currency; basis points are of `value`, so that a large
    order weighs more than a small one."""

    name: str
    orders: int
    value: Decimal
    delay: Decimal
    execution: Decimal
    costs: Decimal

    @property
    def slippage(self) -> Decimal:
        return self.delay + self.execution

    @property
    def total(self) -> Decimal:
        return self.slippage + self.costs

    def bps(self, amount: Decimal) -> float | None:
        """`amount` in basis points of the value; None where there is none."""
        return float(amount / self.value * BPS) if self.value else None


def shortfall(executions: Sequence[Execution], name: str = "all") -> Shortfall:
    return Shortfall(
        name,
        len(executions),
        sum((one.value for one in executions), ZERO),
        sum((one.delay for one in executions), ZERO),
        sum((one.execution for one in executions), ZERO),
        sum((one.costs for one in executions), ZERO),
    )


def by_strategy(executions: Sequence[Execution]) -> list[Shortfall]:
    """By name."""
    return _by(executions, lambda one: one.strategy)


def by_broker(executions: Sequence[Execution]) -> list[Shortfall]:
    """By name."""
    return _by(executions, lambda one: one.broker)


def _by(executions: Sequence[Execution], name: Callable[[Execution], str]) -> list[Shortfall]:
    names = sorted({name(one) for one in executions})
    return [shortfall([one for one in executions if name(one) == this], this) for this in names]
