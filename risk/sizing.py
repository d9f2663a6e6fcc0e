"""How many units an entry buys."""

from decimal import Decimal

from risk.limits import Allowance, Limits
from trading.rounding import to_lot
from trading.types import Instrument

ZERO = Decimal(0)


def entry_size(
    instrument: Instrument,
    price: Decimal,
    equity: Decimal,
    used: Decimal,
    allowance: Allowance,
    limits: Limits,
) -> Decimal:
    """Units, a whole number of lots; zero where nothing is left.

    The aim is `allowance.position` of equity, never more than one order may be, nor than what
    the strategy's allocation has left after `used` (market value held and working, in currency).
    """
    left = allowance.allocation * equity - used
    budget = min(allowance.position * equity, limits.order_notional * equity, left)
    if budget <= 0 or price <= 0:
        return ZERO
    return to_lot(budget / (price * instrument.multiplier), instrument.lot)
