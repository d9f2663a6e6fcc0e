"""Excursions: how far the price went against a trade and for it while it was held.

J. Sweeney, *Maximum Adverse Excursion* (1997).
"""

from dataclasses import dataclass
from decimal import Decimal

from trading.bars import Floats
from trading.ledger import Trade

#: A price paid outside its bar by more than this was paid on other terms (a split since).
OFF = 0.10


@dataclass(frozen=True, slots=True)
class Excursion:
    """Fractions of the average entry: `adverse` 0 or negative (MAE), `favourable` 0 or positive
    (MFE). Where not `certain`, its first or last bar also covers time in which nothing was held,
    so that the extremes are bounds."""

    adverse: float
    favourable: float
    certain: bool


def excursion(
    trade: Trade, highs: Floats, lows: Floats, *, certain: bool = True
) -> Excursion | None:
    """`highs` and `lows` are of the bars from that of the entry to that of the exit, (n,). The
    prices traded at count too. None without bars, or where they are not the ones it traded in."""
    entry = float(trade.entry)
    if not len(highs) or entry <= 0:
        return None
    if not lows[0] * (1 - OFF) <= entry <= highs[0] * (1 + OFF):
        return None
    top = max(float(highs.max()), entry, float(trade.exit)) / entry - 1.0
    bottom = min(float(lows.min()), entry, float(trade.exit)) / entry - 1.0
    if trade.quantity > 0:
        return Excursion(bottom, top, certain)
    return Excursion(0.0 - top, 0.0 - bottom, certain)


def amounts(trade: Trade, found: Excursion) -> tuple[Decimal, Decimal]:
    """The same in base currency, as if the largest size had been held throughout: adverse,
    favourable."""
    cost = trade.cost_base
    return cost * Decimal(found.adverse), cost * Decimal(found.favourable)
