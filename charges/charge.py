"""What one order is charged: line by line, each rounded as its market rounds it, then summed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from charges.schedule import PRODUCTS, Rate, Rule, Schedule
from trading.errors import ConfigError
from trading.types import Side

ZERO = Decimal(0)
HUNDRED = Decimal(100)


class Line(NamedTuple):
    """One line of the bill; an amount is a positive cost."""

    name: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Deal:
    """What was traded, by one order in all."""

    side: Side
    quantity: Decimal  # units, positive
    value: Decimal  # quantity x price x multiplier, currency
    at: datetime  # aware
    maker: bool = False  # it provided liquidity: a resting order that was hit
    product: str = ""  # "" is the schedule's own
    multiplier: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Charges:
    """Positive costs in the schedule's currency; `fees` + `taxes` is the sum of the lines."""

    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    lines: tuple[Line, ...] = ()

    @property
    def total(self) -> Decimal:
        return self.fees + self.taxes


def charge(
    schedule: Schedule,
    side: Side,
    quantity: Decimal,
    price: Decimal,
    multiplier: Decimal,
    at: datetime,
    maker: bool = False,
    product: str = "",
) -> Charges:
    """What the order is charged under the rates of its day. Lines of nothing are left out.

    Raises DataError for a day before the schedule is known, ConfigError for an unknown product.
    """
    value = quantity * price * multiplier
    return charged(schedule, Deal(side, quantity, value, at, maker, product, multiplier))


def charged(schedule: Schedule, deal: Deal) -> Charges:
    """As `charge`, for a deal whose value is known rather than its price."""
    product = deal.product or schedule.product
    if product not in PRODUCTS:
        raise ConfigError(f"{product[:20]!r} is no product; there are: {', '.join(PRODUCTS)}")
    day = schedule.day_of(deal.at)
    amounts: dict[str, Decimal] = {}
    fees = taxes = ZERO
    for rule in schedule.rules:
        if not _applies(schedule, rule, deal, product):
            continue
        amount = _amount(rule, schedule.rate_of(rule, day), deal, amounts)
        amounts[rule.name] = amounts.get(rule.name, ZERO) + amount
        if rule.tax:
            taxes += amount
        else:
            fees += amount
    lines = tuple(Line(name, x, schedule.currency) for name, x in amounts.items() if x)
    return Charges(fees, taxes, lines)


def _applies(schedule: Schedule, rule: Rule, deal: Deal, product: str) -> bool:
    wanted = not rule.variant or rule.variant in schedule.variants
    return wanted and deal.side in rule.sides and product in rule.products


def _amount(rule: Rule, rate: Rate, deal: Deal, before: dict[str, Decimal]) -> Decimal:
    """Rounded last: what the bounds give is rounded too."""
    named = rate.of or rule.of
    base = sum((before.get(name, ZERO) for name in named), ZERO) if named else deal.value
    percent = rate.percent
    if deal.maker and rate.maker_percent is not None:
        percent = rate.maker_percent
    amount = base * percent / HUNDRED + deal.quantity * rate.per_unit + rate.per_order
    if rate.spread:
        amount += deal.quantity * deal.multiplier * rate.spread / 2
    amount = max(amount, rate.minimum)
    if rate.maximum is not None:
        amount = min(amount, rate.maximum)
    if rate.maximum_percent is not None:
        amount = min(amount, deal.value * rate.maximum_percent / HUNDRED)
    return rule.step.of(amount) if rule.step else amount
