"""Exponential and Wilder means along the last axis, seeded with the first value."""

import numpy as np
from scipy.signal import lfilter

from trading.bars import Floats


def exponential(x: Floats, alpha: float) -> Floats:
    """y[0] = x[0]; y[t] = (1 - alpha) y[t-1] + alpha x[t]."""
    if not x.shape[-1]:
        return x.copy()
    smooth: Floats
    smooth, _ = lfilter([alpha], [1.0, alpha - 1.0], x, axis=-1, zi=x[..., :1] * (1.0 - alpha))
    return smooth


def wilder(x: Floats, window: int) -> Floats:
    """The same with Wilder's alpha, 1 / window."""
    return exponential(x, 1.0 / window)


def strength_index(up: Floats, down: Floats) -> Floats:
    """100 - 100 / (1 + up / down) of two means that are not negative; 100 where down is 0."""
    out = np.full_like(up, 100.0)
    np.divide(100.0 * up, up + down, out=out, where=down != 0.0)
    return out
