"""Prices to the tick on the passive side, quantities down to the lot. Decimal throughout."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from trading.types import Side


def to_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Down to a whole number of lots; never up."""
    return (quantity / lot).to_integral_value(ROUND_FLOOR) * lot


def to_tick(price: Decimal, tick: Decimal, side: Side) -> Decimal:
    """The nearest tick that is not worse for us: down for a buy, up for a sell."""
    mode = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (price / tick).to_integral_value(mode) * tick
