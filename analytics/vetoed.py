"""What a signal that was never traded would have made or lost, from bars.

Assumed: it was filled whole, at the size it proposed, at the open or the close it was meant for;
its strategy's own exit was taken at the open after the bar that said so (at once where it is
decided at the open); a stop was filled at its price, or at the open where the bar opened beyond;
what holds no night left at the close; what has not ended is valued at the last close. A bar that
reaches the stop has reached it before anything else. Costs are not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from trading.bars import Bars


class Ended(StrEnum):
    EXIT = "exit"
    STOP = "stop"
    SESSION = "session close"
    OPEN = "still open"


@dataclass(frozen=True, slots=True)
class Course:
    """Prices in the instrument's currency; `returned` a fraction of the entry, by direction."""

    entered: date
    entry: float
    left: date
    exit: float
    ended: Ended

    def gain(self, *, long: bool) -> float:
        """Per unit, before costs."""
        return (self.exit - self.entry) * (1 if long else -1)

    def returned(self, *, long: bool) -> float:
        return self.gain(long=long) / self.entry


@dataclass(frozen=True, slots=True)
class Vetoed:
    """One rejected or expired entry, and what became of its instrument; `gain` in base currency."""

    signal: int
    strategy: str
    symbol: str
    long: bool
    state: str  # "rejected" or "expired"
    course: Course
    gain: Decimal
    quantity: Decimal = Decimal(1)  # proposed, units; 0 where there were no funds for it

    @property
    def returned(self) -> float:
        return self.course.returned(long=self.long)


def course(
    bars: Bars,
    *,
    long: bool,
    first: int,
    at_close: bool,
    exits: NDArray[np.bool_],
    stop: float | None = None,
    one_session: bool = False,
) -> Course | None:
    """`bars` are daily; the entry is on row `first`, at its open or its close. `exits` (n,) are
    the rows at whose open the strategy would leave. None where there is no such row."""
    n = len(bars)
    if not 0 <= first < n:
        return None
    entry = float(bars.close[first] if at_close else bars.open[first])
    if not entry > 0:
        return None
    if one_session and at_close:
        return None  # it would leave as it comes
    begun = _day(bars, first)
    for row in range(first + at_close, n):
        opened = float(bars.open[row])
        if row > first and exits[row]:
            return Course(begun, entry, _day(bars, row), opened, Ended.EXIT)
        if stop is not None:
            reached = bars.low[row] <= stop if long else bars.high[row] >= stop
            if reached:
                price = min(stop, opened) if long else max(stop, opened)
                return Course(begun, entry, _day(bars, row), price, Ended.STOP)
        if one_session:
            return Course(begun, entry, _day(bars, row), float(bars.close[row]), Ended.SESSION)
    return Course(begun, entry, _day(bars, n - 1), float(bars.close[-1]), Ended.OPEN)


@dataclass(frozen=True, slots=True)
class Sum:
    """One strategy's vetoed entries together; `gain` in base currency, before costs: positive was
    missed, negative was spared."""

    strategy: str
    rejected: int
    expired: int
    won: int
    gain: Decimal
    mean_return: float
    running: int  # not ended yet
    unfunded: int = 0  # had no funds when proposed: in the mean return, and without a gain

    @property
    def signals(self) -> int:
        return self.rejected + self.expired


def by_strategy(vetoed: Sequence[Vetoed]) -> list[Sum]:
    """By name."""
    sums = []
    for name in sorted({one.strategy for one in vetoed}):
        mine = [one for one in vetoed if one.strategy == name]
        sums.append(
            Sum(
                name,
                sum(one.state == "rejected" for one in mine),
                sum(one.state == "expired" for one in mine),
                sum(one.returned > 0 for one in mine),
                sum((one.gain for one in mine), Decimal(0)),
                sum(one.returned for one in mine) / len(mine),
                sum(one.course.ended is Ended.OPEN for one in mine),
                sum(not one.quantity for one in mine),
            )
        )
    return sums


def _day(bars: Bars, row: int) -> date:
    found: date = bars.ts[row].astype("datetime64[D]").item()
    return found
