"""Sizing rules, as values: what an entry should be worth before any limit cuts it.

Each answers in the account's currency, zero where it lacks what it needs; `text` says the rule in
a clause.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite, pi, sqrt

from trading.types import Instrument

ZERO = Decimal(0)
SESSIONS = 252  # a year

#: A day's range of a price that wanders without a trend, in standard deviations of its daily
#: change: sqrt(8 / pi) (Parkinson, 1980). It turns a mean true range into a volatility.
RANGE = sqrt(8 / pi)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry to be sized. Money in the account's currency."""

    instrument: Instrument
    price: Decimal
    equity: Decimal
    allocation: Decimal  # what the strategy may use in all
    stop: Decimal | None = None
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EquityShare:
    share: Decimal

    def value(self, entry: Entry) -> Decimal:
        return self.share * entry.equity

    @property
    def text(self) -> str:
        return f"{percent(self.share)} of equity"


@dataclass(frozen=True, slots=True)
class FixedNotional:
    amount: Decimal  # in the desk's currency
    currency: str = ""

    def value(self, entry: Entry) -> Decimal:
        del entry
        return self.amount

    @property
    def text(self) -> str:
        return f"{self.amount:,f} {self.currency} an entry".replace("  ", " ")


@dataclass(frozen=True, slots=True)
class AllocationShare:
    share: Decimal

    def value(self, entry: Entry) -> Decimal:
        return self.share * entry.allocation

    @property
    def text(self) -> str:
        return f"{percent(self.share)} of its allocation"


@dataclass(frozen=True, slots=True)
class RiskToStop:
    """So large that the way to the stop costs `risk` of the allocation; nothing without a stop."""

    risk: Decimal

    def value(self, entry: Entry) -> Decimal:
        if entry.stop is None or entry.stop == entry.price:
            return ZERO
        return self.risk * entry.allocation * entry.price / abs(entry.price - entry.stop)

    @property
    def text(self) -> str:
        return f"risks {percent(self.risk)} to the stop"


@dataclass(frozen=True, slots=True)
class VolatilityTarget:
    """So large that it alone would move the allocation by `target` a year, one standard
    deviation; nothing where no volatility is known."""

    target: Decimal

    def value(self, entry: Entry) -> Decimal:
        moves = volatility(entry.features, entry.price)
        return self.target * entry.allocation / moves if moves > 0 else ZERO

    @property
    def text(self) -> str:
        return f"aims at {percent(self.target)} volatility"


Aim = EquityShare | FixedNotional | AllocationShare | RiskToStop | VolatilityTarget


def volatility(features: Mapping[str, float], price: Decimal) -> Decimal:
    """Of a year, as a fraction: the feature "volatility", else what the mean true range "atr"
    implies; zero where neither is known."""
    known = features.get("volatility", 0.0)
    if isfinite(known) and known > 0:
        return Decimal(repr(known))
    atr = features.get("atr", 0.0)
    if not isfinite(atr) or atr <= 0 or price <= 0:
        return ZERO
    return Decimal(repr(atr / RANGE * sqrt(SESSIONS))) / price


def percent(share: Decimal) -> str:
    """`0.5 %`: every decimal it was set with."""
    return f"{(share * 100).normalize():f} %"
