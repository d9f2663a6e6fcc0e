"""Units that came from another broker or went to one: a fill, and money of the same amount paid in
or taken out, so that cash stays as it was."""

from datetime import datetime
from decimal import Decimal

from trading.errors import DataError
from trading.money import Adjustment, Flow
from trading.orders import Fill
from trading.types import Side

STEP = Decimal("1e-20")  # a price that is told by its worth alone is rounded here
ASSUMED = "units transferred count at what they were worth that day where no price is told"


def carried(fill: Fill, worth: Decimal) -> tuple[tuple[Fill, Adjustment], bool]:
    """`fill` at its own price, or at `worth` (of all of it, unsigned) where that is zero, and the
    cash it did not cost; whether the worth was taken. Raises DataError where neither is told."""
    price, by_worth = fill.price, not fill.price
    if by_worth:
        price = (worth / fill.quantity / fill.multiplier).quantize(STEP)
    if price <= 0:
        raise DataError(
            "units transferred without a price or a worth: book them as a fill at what they cost"
        )
    moved = Fill(
        fill.broker, fill.account, fill.execution_id, fill.order_key, fill.strategy, fill.symbol,
        fill.side, fill.quantity, price, fill.fee, fill.currency, fill.at, fill.multiplier,
    )  # fmt: skip
    amount = fill.side.sign * fill.quantity * price * fill.multiplier
    return (moved, _paid(moved, amount, fill.at)), by_worth


def _paid(fill: Fill, amount: Decimal, at: datetime) -> Adjustment:
    kind = Flow.DEPOSIT if fill.side is Side.BUY else Flow.WITHDRAWAL
    note = f"{fill.symbol} transferred, {fill.quantity:f} units"
    return Adjustment(
        fill.account, f"{fill.execution_id}:carried", kind, amount, fill.currency, at, note=note
    )
