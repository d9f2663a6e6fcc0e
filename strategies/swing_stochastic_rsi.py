"""Buy when momentum turns up out of oversold inside an up-trend; hold until it tires."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indicators import window
from trading.bars import Bars, Drawing, Lower, Rules
from trading.types import Holding, Moment


@dataclass(frozen=True, slots=True)
class SwingStochasticRsi:
    """Bets that a pull-back inside an up-trend ends when short-term momentum turns.

    Long only, decided at the daily close, held until its exit. Enter: %K of the stochastic RSI
    crosses above %D while the bar before was oversold, and the close is above its trend average.
    Exit: %K crosses below %D out of overbought, or the trend is lost by more than `slack`.
    Strength is the close's distance above the trend in mean true ranges. The oscillator and its
    80/20 levels are T. Chande and S. Kroll's (*The New Technical Trader*, 1994); trading it with
    the 200-day trend only is the usual filter of swing traders (L. Connors and C. Alvarez,
    *Short Term Trading Strategies That Work*, 2008).
    """

    name: str = "swing_stochastic_rsi"
    timeframe: str = "1d"
    trend: int = 200  # bars of the trend average
    rsi: int = 14  # bars of Cutler's RSI
    stochastic: int = 14  # bars over which RSI's place is taken
    smooth: int = 3  # bars of %K
    signal: int = 3  # bars of %D
    oversold: float = 20.0  # %K below it on the bar before the cross
    overbought: float = 80.0  # %K above it on the bar before the cross down
    slack: float = 0.03  # exit this fraction below the trend average
    atr: int = 14  # bars of the mean true range
    stop_atrs: float = 2.5  # the stop's distance below the close, in mean true ranges

    @property
    def warmup(self) -> int:
        oscillator = self.rsi + self.stochastic + self.smooth + self.signal - 2
        return max(self.trend, oscillator + 1, self.atr + 1)

    @property
    def decides(self) -> Moment:
        return Moment.CLOSE

    @property
    def holds(self) -> Holding:
        return Holding.UNTIL_EXIT

    @property
    def stackable(self) -> bool:
        return True

    @property
    def drawing(self) -> Drawing:
        levels = (self.oversold, self.overbought)
        return Drawing(
            overlays={f"SMA {self.trend}": ("trend",)},
            panels=(Lower(f"StochRSI {self.stochastic} %K", "k", levels, 0.0, 100.0),),
        )

    def rules(self, bars: Bars) -> Rules:
        """NaN compares false, so a bar without its indicators neither enters nor exits."""
        close = bars.close
        average = window.sma(close, self.trend)
        k, d = window.stochastic_rsi(close, self.rsi, self.stochastic, self.smooth, self.signal)
        before_k, before_d = window.previous(k), window.previous(d)
        atr = window.mean_true_range(bars.high, bars.low, close, self.atr)
        up = (k > d) & (before_k <= before_d) & (before_k < self.oversold)
        down = (k < d) & (before_k >= before_d) & (before_k > self.overbought)
        enter = up & (close > average) & (atr > 0.0)
        strength = np.zeros_like(close)
        np.divide(close - average, atr, out=strength, where=enter)
        return Rules(
            enter=enter.astype(np.int8),
            exit=(down | (close < average * (1.0 - self.slack))) & ~enter,
            strength=strength,
            stop=np.where(enter, close - self.stop_atrs * atr, np.nan),
            features={
                "close": close,
                "k": k,
                "d": d,
                "k_before": before_k,
                "trend": average,
                "atr": atr,
            },
        )

    def explain(self, features: Mapping[str, float]) -> str:
        """`StochRSI %K 24.1 above %D 18.0, from 12.3; above its 200-day average 176.40`;
        a missing feature leaves its part out."""
        get = features.get
        k, d, before = get("k"), get("d"), get("k_before")
        close, average = get("close"), get("trend")
        parts = []
        if k is not None and d is not None and before is not None:
            side = "above" if k > d else "below"
            parts.append(f"StochRSI %K {k:.1f} {side} %D {d:.1f}, from {before:.1f}")
        if close is not None and average is not None:
            side = "above" if close > average else "below"
            parts.append(f"{side} its {self.trend}-day average {average:,.2f}")
        return "; ".join(parts)
