"""One instrument's indicators by TA-Lib, Wilder's and exponential ones included.

Each takes arrays of shape (n,) and answers with (n,), NaN before the first full window. A
recursive indicator remembers where its series began: TA-Lib seeds EMA and Wilder's means with the
simple mean of the first window, the `ta` package with the first value. Both forget, so compare
them, or a scan with a replay, only after `settled` bars; a strategy that must not differ at all
uses `indicators.window`.
"""

import math

import numpy as np
import talib

from indicators.recursion import strength_index, wilder
from trading.bars import Floats


def settled(window: int, wilder: bool = False, within: float = 1e-9) -> int:
    """Bars after which a recursive mean has forgotten its seed to a fraction `within`.

    The seed fades by 1 - alpha a bar; alpha is 1/window for Wilder, else 2/(window + 1).
    """
    alpha = 1.0 / window if wilder else 2.0 / (window + 1)
    return window + math.ceil(math.log(within) / math.log1p(-alpha)) if alpha < 1.0 else window


def sma(close: Floats, window: int) -> Floats:
    """Simple moving average."""
    return talib.SMA(close, window)


def ema(close: Floats, window: int) -> Floats:
    """Exponential moving average, alpha = 2 / (window + 1), seeded with the first window's mean."""
    return talib.EMA(close, window)


def rsi(close: Floats, window: int = 14) -> Floats:
    """Wilder's RSI, 100 - 100 / (1 + mean gain / mean loss), 0 to 100; 0 for a flat series.

    Source: J. W. Wilder, *New Concepts in Technical Trading Systems* (1978).
    """
    return talib.RSI(close, window)


def bollinger(close: Floats, window: int = 20, width: float = 2.0) -> tuple[Floats, Floats, Floats]:
    """Low, middle and high: the mean and `width` population deviations either side of it."""
    high, middle, low = talib.BBANDS(close, window, width, width)
    return low, middle, high


def atr(high: Floats, low: Floats, close: Floats, window: int = 14) -> Floats:
    """Wilder's average true range, in price, seeded with the mean of the first true ranges."""
    return talib.ATR(high, low, close, window)


def macd(
    close: Floats, fast: int = 12, slow: int = 26, signal: int = 9
) -> tuple[Floats, Floats, Floats]:
    """MACD = EMA(fast) - EMA(slow), its signal line EMA(MACD, signal), and their difference.

    TA-Lib starts both averages on bar `slow` and shows nothing before the signal line exists.
    """
    line, smooth, difference = talib.MACD(close, fast, slow, signal)
    return line, smooth, difference


def obv(close: Floats, volume: Floats) -> Floats:
    """On-balance volume: the running sum of volume, signed by the close's direction.

    An unchanged close counts nothing (Granville); the `ta` package and `classic` add its volume.
    """
    return talib.OBV(close, volume)


def pvt(close: Floats, volume: Floats) -> Floats:
    """Price-volume trend, also called VPT: the running sum of volume · close change ratio.

    NaN on the first bar, which has no change.
    """
    out = np.full_like(close, np.nan)
    np.cumsum((close[1:] / close[:-1] - 1.0) * volume[1:], out=out[1:])
    return out


def volume_weighted_rsi(close: Floats, volume: Floats, window: int = 14) -> Floats:
    """RSI whose gains and losses are multiplied by the bar's volume before Wilder's smoothing.

    Seeded with 0 on the first bar, as `ta` seeds its RSI; 100 where nothing was lost.
    """
    moves = np.zeros_like(close)
    np.subtract(close[1:], close[:-1], out=moves[1:])
    moves *= volume
    up = wilder(np.maximum(moves, 0.0), window)
    down = wilder(np.maximum(-moves, 0.0), window)
    out = np.full_like(close, np.nan)
    out[window - 1 :] = strength_index(up, down)[window - 1 :]
    return out
