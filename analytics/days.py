"""A day's figures, and the course that days make of a capital."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy, which the doors do not load
    from trading.bars import Floats

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Day:
    """One day's figures, in base currency; costs are positive."""

    day: date
    net: Decimal  # that day's change of realised + unrealised − fees − taxes
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    exposure: Decimal = ZERO  # absolute market value held, what passed within the day included
    traded: Decimal = ZERO  # value of all fills
    flow: Decimal = ZERO  # own money that came in before it traded; negative went out

    @property
    def gross(self) -> Decimal:
        return self.net + self.fees + self.taxes


def equity(days: Sequence[Day], capital: Decimal) -> "Floats":
    """What `capital` was worth at each day's end, own money that came or went included, (n,)."""
    import numpy as np

    worth = accumulate((day.net + day.flow for day in days), initial=capital)
    return np.array([float(value) for value in worth][1:])


def returns(days: Sequence[Day], capital: Decimal) -> "Floats | None":
    """Each day's net over the equity it began with, its flow counted first, (n,). None where that
    was not above 0 on a day: there is nothing to measure by."""
    import numpy as np

    found, worth = [], capital
    for day in days:
        began = worth + day.flow
        if began <= 0:
            return None
        found.append(float(day.net / began))
        worth = began + day.net
    return np.array(found, np.float64)
