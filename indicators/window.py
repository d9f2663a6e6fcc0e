"""Indicators with finite memory: a value depends on the bars of its own window and nothing else.

Recursive indicators (Wilder's RSI and ATR, EMA) and running sums carry the start of the series
with them, so a scan over 250 bars and a replay over 1,250 differ in the last digits and, now and
then, on a threshold. Here every window is summed by itself, in an order fixed by its length, so
both give the same bits.

All functions work along the last axis: (n,) for one instrument, (symbols, n) for many. The
answer has the input's shape, NaN until the first full window and wherever a window holds a NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Any number of leading axes; numpy's shape types cannot say more.
Floats = NDArray[np.float64]


def _aligned(tail: Floats, like: Floats) -> Floats:
    """`tail` set against the end of an array shaped as `like`, NaN before it."""
    out = np.empty_like(like)
    missing = like.shape[-1] - tail.shape[-1]
    out[..., :missing] = np.nan
    out[..., missing:] = tail
    return out


def _empty(x: Floats) -> Floats:
    return np.full_like(x, np.nan)


def rolling_sum(x: Floats, window: int) -> Floats:
    """The sum of the last `window` values, built by doubling: about 2·log2(window) additions."""
    if x.shape[-1] < window:
        return _empty(x)
    block, size = x, 1  # block[j] is the sum of x[j : j + size]
    total: Floats | None = None
    have = 0
    while True:
        if window & size:
            if total is None:
                total, have = block, size
            else:
                fits = x.shape[-1] - have - size + 1
                total = total[..., :fits] + block[..., have : have + fits]
                have += size
        if have == window:
            assert total is not None
            return _aligned(total, x)
        block = block[..., :-size] + block[..., size:]
        size *= 2


def sma(x: Floats, window: int) -> Floats:
    """Simple moving average."""
    return rolling_sum(x, window) / window


def mean_and_deviation(x: Floats, window: int) -> tuple[Floats, Floats]:
    """Rolling mean and population standard deviation (divisor `window`).

    Blocks are merged as in Chan, Golub and LeVeque (1979), so nothing cancels: a flat price has
    a deviation of exactly 0.
    """
    if x.shape[-1] < window:
        return _empty(x), _empty(x)
    block, spread, size = x, np.zeros_like(x), 1  # spread: sum of squares about the block's mean
    mean: Floats | None = None
    squares: Any = None
    have = 0
    while True:
        if window & size:
            if mean is None:
                mean, squares, have = block, spread, size
            else:
                fits = x.shape[-1] - have - size + 1
                step = block[..., have : have + fits] - mean[..., :fits]
                squares = (
                    squares[..., :fits]
                    + spread[..., have : have + fits]
                    + step * step * (have * size / (have + size))
                )
                mean = mean[..., :fits] + step * (size / (have + size))
                have += size
        if have == window:
            assert mean is not None
            return _aligned(mean, x), _aligned(np.sqrt(squares / window), x)
        step = block[..., size:] - block[..., :-size]
        spread = spread[..., :-size] + spread[..., size:] + step * step * (size / 2)
        block = block[..., :-size] + step * 0.5
        size *= 2


def bollinger(close: Floats, window: int = 20, width: float = 2.0) -> tuple[Floats, Floats, Floats]:
    """Bollinger's low, middle and high: mean ± `width` population deviations.

    Source: J. Bollinger, *Bollinger on Bollinger Bands*.
    """
    middle, deviation = mean_and_deviation(close, window)
    reach = deviation * width
    return middle - reach, middle, middle + reach


def cutler_rsi(close: Floats, window: int = 14) -> Floats:
    """RSI from simple means of the last `window` gains and losses, 0 to 100 (Cutler's RSI).

    100 · gains / (gains + losses); Wilder's RSI smooths recursively instead, see
    `series.rsi`. NaN where the price did not move at all. Needs `window` + 1 closes.
    """
    moves = np.empty_like(close)
    moves[..., :1] = np.nan
    np.subtract(close[..., 1:], close[..., :-1], out=moves[..., 1:])
    gains = rolling_sum(np.maximum(moves, 0.0), window)
    travelled = rolling_sum(np.abs(moves), window)
    out = _empty(close)
    np.divide(gains * 100.0, travelled, out=out, where=travelled > 0.0)
    return out


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """max(high, previous close) - min(low, previous close); NaN on the first bar."""
    out = np.empty_like(close)
    out[..., :1] = np.nan
    before = close[..., :-1]
    np.subtract(
        np.maximum(high[..., 1:], before), np.minimum(low[..., 1:], before), out=out[..., 1:]
    )
    return out


def mean_true_range(high: Floats, low: Floats, close: Floats, window: int = 14) -> Floats:
    """The simple mean of the last `window` true ranges, in price; needs `window` + 1 bars.

    Wilder's ATR smooths recursively instead, see `series.atr`.
    """
    return rolling_sum(true_range(high, low, close), window) / window


def previous(x: Floats, bars: int = 1) -> Floats:
    """The value `bars` bars ago: what was known before this bar opened."""
    return _aligned(x[..., : max(x.shape[-1] - bars, 0)], x)


def highest(x: Floats, window: int) -> Floats:
    """The largest of the last `window` values."""
    return _extreme(x, window, np.maximum)


def lowest(x: Floats, window: int) -> Floats:
    """The smallest of the last `window` values."""
    return _extreme(x, window, np.minimum)


def _extreme(x: Floats, window: int, of: np.ufunc) -> Floats:
    """Built by doubling; two blocks may overlap, since an extreme counts nothing twice."""
    if x.shape[-1] < window:
        return _empty(x)
    block, size = x, 1
    while size < window:
        step = min(size, window - size)
        block = of(block[..., :-step], block[..., step:])
        size += step
    return _aligned(block, x)


def stochastic_rsi(
    close: Floats, rsi: int = 14, window: int = 14, smooth: int = 3, signal: int = 3
) -> tuple[Floats, Floats]:
    """%K and %D, 0 to 100: where RSI stands between its lowest and highest of `window` bars.

    %K is the simple mean of `smooth` such places, %D of `signal` %Ks. NaN while RSI did not
    move. RSI is Cutler's. Needs rsi + window + smooth + signal - 2 closes. Source: T. Chande and
    S. Kroll, *The New Technical Trader* (1994).
    """
    strength = cutler_rsi(close, rsi)
    low, high = lowest(strength, window), highest(strength, window)
    place = _empty(close)
    np.divide((strength - low) * 100.0, high - low, out=place, where=high > low)
    k = sma(place, smooth)
    return k, sma(k, signal)
