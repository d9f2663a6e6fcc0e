"""What a picture is made of, as values: levels, marks, lower panels, days of P&L."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trading.types import Side

Floats = NDArray[np.float64]
#: Shape (n,) is a line; (2, n) a band's lower and upper edge; (3, n) lower, middle, upper.
Overlays = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Level:
    """A named price across the chart. `tone` is signal, stop, target or plain; "" asks the name."""

    name: str
    price: Decimal | float
    tone: str = ""

    @property
    def tone_or_name(self) -> str:
        return self.tone or self.name.lower()


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry, exit or fill: a triangle under (buy) or over (sell) the bar that holds `ts`.

    `ts` is aware UTC. A moment past the last bar stands one bar to its right.
    """

    ts: datetime
    price: Decimal | float
    side: Side
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """An indicator under the price. `values` is aligned with the bars; `lines` are thresholds."""

    name: str
    values: Floats
    lines: Sequence[float] = ()
    low: float | None = None  # fixed ends of its axis; None takes them from the values
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PnlDay:
    """One day's net profit or loss, costs taken off, in the picture's currency."""

    day: date
    net: Decimal | float
