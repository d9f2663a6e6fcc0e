"""What a course of equity says in a few figures; pure, over arrays in one currency."""

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


def shares_below_peak(capital: float, equity: Floats) -> Floats:
    """The drawdown of every day as a fraction of the peak, 0 or negative, (n,)."""
    peak = np.maximum(np.maximum.accumulate(equity), capital)
    below: Floats = equity / peak - 1.0
    return below


def sharpe(capital: float, equity: Floats) -> float | None:
    """Mean over standard deviation of daily returns, times the root of 252; no rate is taken off.
    None under two days, or where the returns never differ."""
    before = np.concatenate(([capital], equity[:-1]))
    if len(equity) < 2 or (before <= 0).any():
        return None
    returns = equity / before - 1.0
    spread = float(returns.std(ddof=1))
    return float(returns.mean()) / spread * sqrt(SESSIONS_A_YEAR) if spread > 1e-12 else None


def profit_factor(nets: Sequence[Decimal]) -> float | None:
    """What the winners made over what the losers lost; None while nothing was lost."""
    won = sum((net for net in nets if net > 0), ZERO)
    lost = -sum((net for net in nets if net < 0), ZERO)
    return float(won / lost) if lost else None
