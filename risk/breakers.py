"""Breakers: which state a loss, a drawdown or a row of failures asks for. They only tighten."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from risk.checks import Check, percent
from risk.limits import Breakers
from trading.facts import Trading

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What money was made, in currency, deposits left out: `gain` now, `day` at the day's
    beginning, `peak` at its highest; `capital` is what is paid in."""

    capital: Decimal
    gain: Decimal
    day: Decimal
    peak: Decimal

    @property
    def loss(self) -> Decimal:
        """Of the day, a fraction of the equity it began with; 0 for a gain."""
        return _fraction(self.day - self.gain, self.capital + self.day)

    @property
    def drawdown(self) -> Decimal:
        """From the peak, a fraction of the equity then."""
        return _fraction(self.peak - self.gain, self.capital + self.peak)


def _fraction(lost: Decimal, of: Decimal) -> Decimal:
    """All of it where nothing was there to lose from."""
    if lost <= 0:
        return ZERO
    return lost / of if of > 0 else Decimal(1)


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that asks for a state, and its figure."""

    state: Trading
    check: Check


def check_loss(standing: Standing, limit: Decimal) -> Check:
    text = f"lost {percent(standing.loss, limit)} today, limit {limit * 100:.1f} %"
    return Check("daily loss", standing.loss < limit, text, standing.loss, limit)


def check_drawdown(standing: Standing, limit: Decimal) -> Check:
    text = f"{percent(standing.drawdown, limit)} below the highest equity, "
    text += f"limit {limit * 100:.1f} %"
    return Check("drawdown", standing.drawdown < limit, text, standing.drawdown, limit)


def check_row(name: str, what: str, count: int, limit: int) -> Check:
    """`count` of a kind in a row; the limit itself trips."""
    text = f"{count} {what} in a row, limit {limit}"
    return Check(name, count < limit, text, Decimal(count), Decimal(limit))


def desk_trips(standing: Standing, limits: Breakers) -> Iterable[Trip]:
    """What the whole desk's money asks for, the tightest first."""
    asked = (
        (Trading.HALTED, check_drawdown, limits.drawdown),
        (Trading.HALTED, check_loss, limits.loss_halted),
        (Trading.REDUCING, check_loss, limits.loss_reducing),
    )
    for state, check, limit in asked:
        if limit and not (found := check(standing, limit)).ok:
            yield Trip(state, found)


def in_a_row(lost: Iterable[bool]) -> int:
    """How many of the latest (first) are True before one is not."""
    count = 0
    for one in lost:
        if not one:
            break
        count += 1
    return count
