"""How many units an entry buys."""

from collections.abc import Mapping
from decimal import Decimal

from risk.aims import Entry, EquityShare
from risk.limits import Allowance, Limits
from trading.rounding import to_lot
from trading.types import Instrument

ZERO, ONE = Decimal(0), Decimal(1)
NOTHING: Mapping[str, float] = {}


def entry_size(
    instrument: Instrument,
    price: Decimal,
    equity: Decimal,
    used: Decimal,
    allowance: Allowance,
    limits: Limits,
    *,
    free: Decimal | None = None,
    stop: Decimal | None = None,
    features: Mapping[str, float] = NOTHING,
    rate: Decimal = ONE,
) -> Decimal:
    """Units, a whole number of lots; zero where nothing is left, or less than the instrument's
    minimum.

    The aim is the allowance's rule, without one `allowance.position` of equity; never more than
    one order may be, than the strategy's allocation has left after `used` (held and working, in
    currency), nor than is `free` in the account (None: not asked). `rate`: what a unit of the
    instrument's currency is worth in the account's.
    """
    if price <= 0:
        return ZERO
    allocation = allowance.limit(equity)
    entry = Entry(instrument, price, equity, allocation, stop, features)
    aim = (allowance.aim or EquityShare(allowance.position)).value(entry)
    budget = min(aim, limits.order_notional * equity, allocation - used)
    if free is not None:
        budget = min(budget, free)
    if budget <= 0:
        return ZERO
    unit = price * instrument.multiplier
    quantity = to_lot(budget / (unit * rate), instrument.lot)
    return quantity if quantity * unit >= instrument.minimum else ZERO
