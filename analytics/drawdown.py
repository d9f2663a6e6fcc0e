"""Drawdowns: from which day to which day, how deep, and when they were made good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from analytics.days import ZERO, Day

ROUNDING = Decimal("1e-40")  # what a product of many quotients may be off


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One stretch below a peak. `amount` is what was lost from peak to trough, 0 or negative;
    `share` the same as a fraction of the equity at the peak, None where there is none."""

    peak: date | None  # the last day at the peak; None is the beginning, before the first day
    trough: date
    recovered: date | None  # the first day at the peak or above; None while it lasts
    amount: Decimal
    share: float | None

    @property
    def lasts(self) -> bool:
        return self.recovered is None


def drawdowns(days: Sequence[Day], capital: Decimal = ZERO) -> list[Drawdown]:
    """Every stretch below the highest value so far, oldest first. The value is equity; where own
    money came or went, what one unit invested on the first day grew to, so that it is neither
    gain nor loss; without capital, cumulative net, which has no shares."""
    values = _values(days, capital)
    shared = values is not None
    if values is None:
        values, total = [ZERO], ZERO
        for day in days:
            values.append(total := total + day.net)
    almost = 1 - ROUNDING if any(day.flow for day in days) else Decimal(1)
    found: list[Drawdown] = []
    top = values[0]
    net = net_at_top = ZERO
    since: date | None = None
    low: tuple[Decimal, date, Decimal] | None = None  # value, day, cumulative net

    def end(recovered: date | None) -> None:
        if low is not None:
            share = float(low[0] / top - 1) if shared else None
            found.append(Drawdown(since, low[1], recovered, low[2] - net_at_top, share))

    for day, value in zip(days, values[1:], strict=True):
        net += day.net
        if value < (top * almost if shared else top):
            if low is None or value < low[0]:
                low = value, day.day, net
        else:
            end(day.day)
            low, top, since, net_at_top = None, max(top, value), day.day, net
    end(None)
    return found


def deepest(days: Sequence[Day], capital: Decimal = ZERO) -> Drawdown | None:
    """The one that lost the largest share; the largest amount where there are no shares. Of equals
    the first; None where nothing was ever lost."""
    found = drawdowns(days, capital)
    return min(
        found,
        key=lambda one: one.amount if one.share is None else Decimal(one.share),
        default=None,
    )


def _values(days: Sequence[Day], capital: Decimal) -> list[Decimal] | None:
    """The beginning's and each day's, (n + 1,); None where a day began with nothing."""
    flows = any(day.flow for day in days)
    worth = capital
    values = [Decimal(1) if flows else capital]
    for day in days:
        began = worth + day.flow
        if began <= 0:
            return None
        worth = began + day.net
        values.append(values[-1] * worth / began if flows else worth)
    return values
