"""The shipped strategies written for `backtesting.py` (PyPI, AGPL; development only), in pandas.

Nothing of our indicators, rules or engine is used, so agreement means something.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from trading.bars import Bars

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of notebooks and of progress bars it lacks
    from backtesting import Backtest, Strategy, backtesting

Conditions = Callable[[pd.DataFrame], tuple["pd.Series[bool]", "pd.Series[bool]"]]
OHLCV = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}


@dataclass(frozen=True, slots=True)
class Rules:
    """`frame` makes the bars backtesting.py is given, `conditions` enter and exit over them."""

    frame: Callable[[pd.DataFrame], pd.DataFrame]
    conditions: Conditions


class Follow(Strategy):  # type: ignore[misc]
    """Flat and enter buys one unit, held and exit sells it: at the next bar's open."""

    conditions: Conditions

    def init(self) -> None:
        enter, leave = type(self).conditions(self.data.df)
        self.enter = self.I(lambda: enter.to_numpy(float), plot=False, name="enter")
        self.leave = self.I(lambda: leave.to_numpy(float), plot=False, name="leave")

    def next(self) -> None:
        if self.position:
            if self.leave[-1]:
                self.position.close()
        elif self.enter[-1]:
            self.buy(size=1)


class Trade(NamedTuple):
    entered: date
    left: date
    entry: float
    exit: float


def trades(rules: Rules, frame: pd.DataFrame) -> list[Trade]:
    """Closed trades, oldest first."""
    follow = type("Rules", (Follow,), {"conditions": staticmethod(rules.conditions)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a trade still open at the end, statistics of no trades
        found = Backtest(rules.frame(frame), follow, cash=1e9).run()
    made: Any = found["_trades"].sort_values("EntryTime")
    columns = (made[name] for name in ("EntryTime", "ExitTime", "EntryPrice", "ExitPrice"))
    return [
        Trade(came.date(), went.date(), float(entry), float(left))
        for came, went, entry, left in zip(*columns, strict=True)
    ]


def frame_of(bars: Bars) -> pd.DataFrame:
    """Columns as backtesting.py wants them, naive UTC stamps."""
    frame = bars.frame().rename(columns=OHLCV)
    return frame.set_axis(pd.DatetimeIndex(bars.ts), axis=0)


def quiet() -> None:
    """Without its progress bar, which costs time of its own."""
    backtesting._tqdm = _plain


def _plain(things: Any, **_: object) -> Any:
    return things


def _strength(close: "pd.Series[float]", span: int = 14) -> "pd.Series[float]":
    moves = close.diff()
    up, down = moves.clip(lower=0).rolling(span).mean(), (-moves.clip(upper=0)).rolling(span).mean()
    return 100 * up / (up + down)


def _mean_reversion(df: pd.DataFrame) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    close = df["Close"]
    trend, middle = close.rolling(200).mean(), close.rolling(20).mean()
    low, rsi = middle - 1.5 * close.rolling(20).std(ddof=0), _strength(close)
    enter = (close > trend) & (close < low) & (rsi < 40)
    leave = (close > middle) | (rsi > 60) | (close < trend * 0.95)
    return enter, leave & trend.notna()


def _swing(df: pd.DataFrame) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    close = df["Close"]
    trend, rsi = close.rolling(200).mean(), _strength(close)
    low, high = rsi.rolling(14).min(), rsi.rolling(14).max()
    # rounded: a rolling mean of pandas carries the rounding of bars long gone, so %K and %D that
    # are both 100 would differ in the fourteenth digit and cross
    k = (100 * (rsi - low) / (high - low)).rolling(3).mean().round(9)
    d = k.rolling(3).mean().round(9)
    up = (k > d) & (k.shift() <= d.shift()) & (k.shift() < 20)
    down = (k < d) & (k.shift() >= d.shift()) & (k.shift() > 80)
    enter = up & (close > trend)
    return enter, (down | (close < trend * 0.97)) & ~enter


def _weekly(df: pd.DataFrame) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    close = df["Close"]
    trend = close.rolling(30).mean()
    high = close >= close.rolling(20).max()
    fresh = high.astype(float).rolling(4).max().shift() == 0
    enter = high & fresh & (close > trend) & (trend > trend.shift(4))
    return enter, close < trend


def _weeks(df: pd.DataFrame) -> pd.DataFrame:
    how: dict[str, Any] = {
        "Open": "first", "High": "max", "Low": "min", "Close": "last", "Volume": "sum",
    }  # fmt: skip
    return df.resample("W-MON", closed="left", label="left").agg(how).dropna()


def _gap(df: pd.DataFrame) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    """Over the three bars of `_auctions`: enter on the first, leave on the second."""
    days = df.iloc[1::3]
    close, before = days["Close"], days["Close"].shift()
    gap = (days["Open"] - before) / before  # 162 / 150 - 1 is a bit more than 0.08
    trend = close.rolling(50).mean().shift()
    traded = (close * days["Volume"]).rolling(20).mean().shift()
    ready = close.rolling(15).count().shift() == 15  # our mean true range needs as many
    enter = (gap >= 0.02) & (gap <= 0.08) & (days["Open"] > days["High"].shift())
    enter &= (before > trend) & (traded >= 20e6) & ready
    first, second = np.zeros(len(df), np.bool_), np.zeros(len(df), np.bool_)
    first[0::3], second[1::3] = enter.to_numpy(), True
    return pd.Series(first, df.index), pd.Series(second, df.index)


def _auctions(df: pd.DataFrame) -> pd.DataFrame:
    """Each day as three bars: the open alone, the day, the close alone. backtesting.py fills at
    the next bar's open, so a decision on the first buys at the open, on the second sells at the
    close."""
    at_open, at_close = df.copy(), df.copy()
    for name in ("High", "Low", "Close"):
        at_open[name] = df["Open"]
    for name in ("Open", "High", "Low"):
        at_close[name] = df["Close"]
    parts = [at_open, df.copy(), at_close]
    for hour, part in enumerate(parts):
        part.index = df.index + pd.Timedelta(hours=hour)
    return pd.concat(parts).sort_index()


def _as_they_are(df: pd.DataFrame) -> pd.DataFrame:
    return df


RULES: dict[str, Rules] = {
    "mean_reversion": Rules(_as_they_are, _mean_reversion),
    "intraday_gap_up": Rules(_auctions, _gap),
    "swing_stochastic_rsi": Rules(_as_they_are, _swing),
    "weekly_trend": Rules(_weeks, _weekly),
}
