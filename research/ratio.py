"""The Sharpe ratio, and how much of it so many tries would have found in noise."""

from dataclasses import dataclass
from math import e, sqrt
from statistics import NormalDist

import numpy as np

from analytics import ratios
from trading.bars import Floats

EULER = 0.5772156649015329  # Euler and Mascheroni's constant
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Moments:
    """Of returns a bar: how many, the mean over the standard deviation (n − 1; not annualised),
    skewness and kurtosis (3 for a normal one). `sharpe` is 0 where nothing ever moved."""

    n: int
    sharpe: float
    skew: float = 0.0
    kurtosis: float = 3.0

    @classmethod
    def of(cls, returns: Floats) -> "Moments":
        n = len(returns)
        if n < 2 or float(np.ptp(returns)) == 0.0:
            return cls(n, 0.0)
        away = returns - returns.mean()
        spread = float(np.sqrt((away**2).mean()))
        return cls(
            n,
            ratios.ratio(returns) or 0.0,
            float((away**3).mean()) / spread**3,
            float((away**4).mean()) / spread**4,
        )


def probabilistic(moments: Moments, against: float = 0.0) -> float:
    """The probability that the true Sharpe ratio is above `against` (both a bar, not a year):

    Φ((SR − SR*) √(n − 1) / √(1 − skew · SR + (kurtosis − 1) / 4 · SR²))

    D. Bailey and M. López de Prado, *The Sharpe Ratio Efficient Frontier*, Journal of Risk 15
    (2012). 0.5 for too few returns to say.
    """
    sharpe = moments.sharpe
    if moments.n < 3:
        return 0.5
    variance = 1.0 - moments.skew * sharpe + (moments.kurtosis - 1.0) / 4.0 * sharpe**2
    if variance <= 0.0:  # so few, so skewed returns that the formula no longer holds
        return 0.5
    return _NORMAL.cdf((sharpe - against) * sqrt(moments.n - 1) / sqrt(variance))


def expected_best(tries: int, variance: float) -> float:
    """The highest Sharpe ratio to expect of `tries` independent ones that are worth nothing, when
    they scatter with `variance` (a bar):

    √V ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e)))

    D. Bailey and M. López de Prado, *The Deflated Sharpe Ratio*, Journal of Portfolio Management
    40 (2014), appendix A. 0 for a single try.
    """
    if tries < 2:
        return 0.0
    high = _NORMAL.inv_cdf(1.0 - 1.0 / tries)
    higher = _NORMAL.inv_cdf(1.0 - 1.0 / (tries * e))
    return sqrt(variance) * ((1.0 - EULER) * high + EULER * higher)


def deflated(moments: Moments, tries: int, variance: float) -> float:
    """The deflated Sharpe ratio: the probability that the true one is above what the best of
    `tries` worthless ones would show. Above 0.95 is what its authors call significant.

    Neighbouring parameters are not independent, so counting each as a try is on the strict side.
    """
    return probabilistic(moments, expected_best(tries, variance))
