"""What a schedule is: rules, each with the rates that held from their dates on."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from zoneinfo import ZoneInfo

from trading.errors import DataError
from trading.types import Side

ZERO = Decimal(0)
ROUNDINGS = {"up": ROUND_UP, "half": ROUND_HALF_UP}
PRODUCTS = ("delivery", "intraday", "futures", "options")


@dataclass(frozen=True, slots=True)
class Step:
    """What an amount is rounded to, as the market does: `0.01 up`, `1 half`."""

    size: Decimal
    mode: str  # of decimal

    def __str__(self) -> str:
        return f"{self.size:f} {'up' if self.mode == ROUND_UP else 'half up'}"

    def of(self, amount: Decimal) -> Decimal:
        return (amount / self.size).to_integral_value(self.mode) * self.size


@dataclass(frozen=True, slots=True)
class Rate:
    """What one rule takes from a day on; all parts that are given add up, then the bounds hold."""

    since: date  # in the schedule's zone
    source: str  # name of the document, and its date
    certain: bool = True  # False: from memory or a second hand; look it up before relying on it
    variant: str = ""  # holds only where the schedule is asked for with it: "name:variant"
    of: tuple[str, ...] = ()  # names of the rules `percent` is of; () is the rule's own `of`
    percent: Decimal = ZERO  # of the value, or of the rules in `of`
    maker_percent: Decimal | None = None  # in its place, for who provides liquidity
    per_unit: Decimal = ZERO  # currency per share, contract or unit
    per_order: Decimal = ZERO  # currency
    spread: Decimal = ZERO  # price units between bid and ask, of which each side pays half
    minimum: Decimal = ZERO  # currency, per order
    maximum: Decimal | None = None  # currency, per order
    maximum_percent: Decimal | None = None  # of the value; below the minimum it still wins


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a bill."""

    name: str
    rates: tuple[Rate, ...]  # oldest first
    tax: bool = False  # else a fee
    sides: frozenset[Side] = frozenset(Side)
    products: frozenset[str] = frozenset(PRODUCTS)
    of: tuple[str, ...] = ()  # names of the rules it is a percentage of
    step: Step | None = None  # None is exact
    variant: str = ""  # charged only where asked for

    def rate_at(self, day: date, variants: frozenset[str]) -> Rate | None:
        """The one that held on `day`: of the variants asked for, else the plain one."""
        held = [rate for rate in self.rates if rate.since <= day]
        special = [rate for rate in held if rate.variant and rate.variant in variants]
        plain = [rate for rate in held if not rate.variant]
        best = special or plain
        return best[-1] if best else None


@dataclass(frozen=True, slots=True)
class Schedule:
    """One broker's or market's charges, in `currency`."""

    name: str
    about: str
    currency: str
    zone: str  # whose days the dates are
    rules: tuple[Rule, ...]
    notes: str = ""  # what it leaves out
    product: str = "delivery"  # what is traded where nobody says
    variants: frozenset[str] = frozenset()  # those asked for

    @property
    def known_variants(self) -> tuple[str, ...]:
        named = {rule.variant for rule in self.rules}
        named |= {rate.variant for rule in self.rules for rate in rule.rates}
        return tuple(sorted(named - {""}))

    @property
    def since(self) -> date:
        """The first day all its rules are known on."""
        firsts = [rule.rates[0].since for rule in self.rules if not rule.variant]
        return max(firsts, default=date.min)

    def day_of(self, at: datetime) -> date:
        """The market's own day."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def rate_of(self, rule: Rule, day: date) -> Rate:
        """Raises DataError for a day before the rule is known: zero would be a wrong figure."""
        rate = rule.rate_at(day, self.variants)
        if rate is None:
            raise DataError(
                f"{self.name} knows no {rule.name} on {day}, only since {rule.rates[0].since}: "
                "add the older rate to a schedule of your own (docs/charges.md)"
            )
        return rate
