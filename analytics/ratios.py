"""What a course of equity says in a few figures; over arrays, in one currency.

A replay, a search and /stats all call these: there is no other arithmetic.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import sqrt
from typing import NamedTuple

import numpy as np

from trading.bars import Floats

SESSIONS_A_YEAR = 252
DAYS_A_YEAR = 365.25
SHORTEST = 90  # calendar days; a yearly rate of less is a guess
STILL = 1e-12  # a standard deviation that is rounding
ZERO = Decimal(0)


class Fall(NamedTuple):
    """The deepest drawdowns, both 0 or negative: in money, and as a fraction of the peak before,
    which may be another day's; `place` is the day of the fraction."""

    amount: float
    share: float
    place: int


def years(days: Sequence[date]) -> float:
    """From the first session to the last, both counted."""
    return ((days[-1] - days[0]).days + 1) / DAYS_A_YEAR


def growth(capital: float, last: float, days: Sequence[date]) -> float | None:
    """The yearly rate at which `capital` became `last` (CAGR); None for a span under 90 days or
    where nothing is left."""
    if (days[-1] - days[0]).days + 1 < SHORTEST or last <= 0:
        return None
    return float((last / capital) ** (1 / years(days)) - 1)


def drawdown(capital: float, equity: Floats) -> Fall:
    """Since the highest equity so far, the capital counted."""
    peak = np.maximum(np.maximum.accumulate(equity), capital)
    shares = equity / peak - 1.0
    place = int(np.argmin(shares))
    return Fall(float((equity - peak).min()), float(shares[place]), place)


def returns(capital: float, equity: Floats) -> Floats | None:
    """Each value over the one before, less 1, (n,); None where one before is not above 0."""
    before = np.concatenate(([capital], equity[:-1]))
    if (before <= 0).any():
        return None
    found: Floats = equity / before - 1.0
    return found


def ratio(moves: Floats) -> float | None:
    """Mean over standard deviation (n − 1): the Sharpe ratio of one step. None under two moves,
    or where they never differ."""
    if len(moves) < 2:
        return None
    spread = float(moves.std(ddof=1))
    return float(moves.mean()) / spread if spread > STILL else None


def sharpe(moves: Floats | None) -> float | None:
    """`ratio` times the root of 252; no rate is taken off."""
    one = None if moves is None else ratio(moves)
    return None if one is None else one * sqrt(SESSIONS_A_YEAR)


def sortino(moves: Floats | None) -> float | None:
    """Mean over the root of the mean square of the losing moves (a gain counts as 0), times the
    root of 252. None under two moves or without a loss."""
    if moves is None or len(moves) < 2:
        return None
    down = sqrt(float((np.minimum(moves, 0.0) ** 2).mean()))
    return float(moves.mean()) / down * sqrt(SESSIONS_A_YEAR) if down > STILL else None


def volatility(moves: Floats | None) -> float | None:
    """Standard deviation (n − 1) of the moves, times the root of 252."""
    if moves is None or len(moves) < 2:
        return None
    return float(moves.std(ddof=1)) * sqrt(SESSIONS_A_YEAR)


def calmar(yearly: float | None, deepest: float) -> float | None:
    """`growth` over the deepest drawdown (a fraction, 0 or negative); None without either."""
    return yearly / -deepest if yearly is not None and deepest < 0 else None


def profit_factor(nets: Sequence[Decimal]) -> float | None:
    """What the winners made over what the losers lost; None while nothing was lost."""
    won = sum((net for net in nets if net > 0), ZERO)
    lost = -sum((net for net in nets if net < 0), ZERO)
    return float(won / lost) if lost else None


def win_rate(nets: Sequence[Decimal]) -> float | None:
    """The share that made more than nothing; None where there are none."""
    return sum(net > 0 for net in nets) / len(nets) if nets else None


def mean(nets: Sequence[Decimal]) -> Decimal | None:
    """Net P&L of the mean trade; None where there are none."""
    return sum(nets, ZERO) / len(nets) if nets else None


def exposed(exposure: Floats, equity: Floats) -> float:
    """Mean of market value held over equity, a fraction."""
    return float(np.mean(exposure / equity))


def turnover(traded: float, equity: Floats, days: Sequence[date]) -> float:
    """Times a year that the mean equity was bought and sold: half of all fills' value."""
    return traded / 2 / float(equity.mean()) / years(days)
