"""Sixteen columns for a whole panel at once, by the definitions of the `ta` package.

Where TA-Lib differs: it seeds EMA, MACD and RSI with the first window's mean where `ta`, and so
this module, takes the first value (RSI: 0); its OBV leaves out unchanged closes, which `ta` counts
as rising.
"""

from collections.abc import Iterator

import numpy as np

from indicators import window
from indicators.columns import Columns
from indicators.recursion import exponential, strength_index, wilder
from trading.bars import Floats

NAMES = (
    "rsi",
    "sma_5",
    "sma_10",
    "sma_20",
    "change",
    "change_volume",
    "pvt",
    "macd",
    "macd_signal",
    "ema_9",
    "ema_21",
    "bollinger_high",
    "bollinger_low",
    "obv",
    "vpt",
    "volume_rsi",
)
_CHUNK = 64  # symbols at a time: 64 x 250 doubles stay in the cache


def classic(panel: Columns) -> dict[str, Floats]:
    """The columns of `NAMES`, each aligned with the panel's rows, NaN where not yet defined.

    `rsi` 14; `sma_*`; `change` = close / previous close - 1; `change_volume` = change · volume;
    `pvt` = `vpt` = its running sum; `macd` 12, 26 and `macd_signal` 9; `ema_*`; Bollinger 20, 2
    (population deviation); `obv`; `volume_rsi` 14, see `series.volume_weighted_rsi`.
    """
    rows = len(panel.close)
    out = {name: np.empty(rows) for name in NAMES if name != "vpt"}
    for start, stop, lengths in _chunks(panel.offsets):
        first, last = panel.offsets[start], panel.offsets[stop]
        close, volume = panel.close[first:last], panel.volume[first:last]
        width = int(lengths.max(initial=0))
        if not width:
            continue
        if (lengths == width).all():
            shape = (stop - start, width)
            for name, values in _columns(close.reshape(shape), volume.reshape(shape)).items():
                out[name][first:last] = values.reshape(-1)
        else:
            # Shorter histories are padded behind their end, where nothing looks back from.
            here = np.arange(width) < lengths[:, None]
            padded = np.ones(here.shape), np.zeros(here.shape)
            padded[0][here], padded[1][here] = close, volume
            for name, values in _columns(*padded).items():
                out[name][first:last] = values[here]
    out["vpt"] = out["pvt"]
    return {name: out[name] for name in NAMES}


def _chunks(offsets: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    counts = np.diff(offsets)
    for start in range(0, len(counts), _CHUNK):
        stop = min(start + _CHUNK, len(counts))
        yield start, stop, counts[start:stop]


def _columns(close: Floats, volume: Floats) -> dict[str, Floats]:
    """The same for equally long histories, shape (symbols, n)."""
    moves = np.zeros_like(close)
    np.subtract(close[:, 1:], close[:, :-1], out=moves[:, 1:])
    change = np.full_like(close, np.nan)
    np.divide(moves[:, 1:], close[:, :-1], out=change[:, 1:])
    change_volume = change * volume
    pvt = np.full_like(close, np.nan)
    np.cumsum(change_volume[:, 1:], axis=1, out=pvt[:, 1:])
    middle, deviation = window.mean_and_deviation(close, 20)
    macd = exponential(close, 2 / 13) - exponential(close, 2 / 27)
    signal = _hidden(exponential(macd[:, 25:], 2 / 10), 8)
    weighted = moves * volume
    return {
        "rsi": _strength(moves, 14),
        "sma_5": window.sma(close, 5),
        "sma_10": window.sma(close, 10),
        "sma_20": middle,
        "change": change,
        "change_volume": change_volume,
        "pvt": pvt,
        "macd": _hidden(macd, 25),
        "macd_signal": np.concatenate([np.full_like(macd[:, :25], np.nan), signal], axis=1),
        "ema_9": _hidden(exponential(close, 2 / 10), 8),
        "ema_21": _hidden(exponential(close, 2 / 22), 20),
        "bollinger_high": middle + 2.0 * deviation,
        "bollinger_low": middle - 2.0 * deviation,
        "obv": np.cumsum(np.where(moves < 0.0, -volume, volume), axis=1),
        "volume_rsi": _strength(weighted, 14),
    }


def _strength(moves: Floats, span: int) -> Floats:
    up, down = wilder(np.maximum(moves, 0.0), span), wilder(np.maximum(-moves, 0.0), span)
    return _hidden(strength_index(up, down), span - 1)


def _hidden(values: Floats, bars: int) -> Floats:
    """The first bars are NaN: the average is not full yet."""
    values[:, :bars] = np.nan
    return values
