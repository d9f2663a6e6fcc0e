"""Buy a sharp dip in an up-trend and sell the return to the average."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indicators import window
from trading.bars import Bars, Drawing, Lower, Rules
from trading.types import Holding, Moment


@dataclass(frozen=True, slots=True)
class MeanReversion:
    """Bets that a sharp dip inside an up-trend is an overreaction and returns to its average.

    Long only, decided at the daily close, held until its exit. Enter: close above its trend
    average, below the low Bollinger band, and RSI low. Exit: close back above the band's middle,
    RSI recovered, or the trend lost by more than `slack`. All indicators have finite memory (see
    `indicators.window`), so `warmup` bars give the exact answer. Strength is the distance below
    the band in mean true ranges. The band and its reading beside an oscillator are J. Bollinger's
    (*Bollinger on Bollinger Bands*, 2001); buying pull-backs above the 200-day average only is
    L. Connors and C. Alvarez's (*Short Term Trading Strategies That Work*, 2008).
    """

    name: str = "mean_reversion"
    timeframe: str = "1d"
    trend: int = 200  # bars of the trend average
    band: int = 20  # bars of the Bollinger band
    width: float = 1.5  # population deviations from the middle to the band
    rsi: int = 14  # bars of Cutler's RSI
    rsi_enter: float = 40.0  # enter below
    rsi_exit: float = 60.0  # exit above
    slack: float = 0.05  # exit this fraction below the trend average
    atr: int = 14  # bars of the mean true range
    stop_atrs: float = 3.0  # the stop's distance below the close, in mean true ranges

    @property
    def warmup(self) -> int:
        return max(self.trend, self.band, self.rsi + 1, self.atr + 1)

    @property
    def decides(self) -> Moment:
        return Moment.CLOSE

    @property
    def holds(self) -> Holding:
        return Holding.UNTIL_EXIT

    @property
    def stackable(self) -> bool:
        """`rules` also takes (symbols, n) arrays: everything here works along the last axis."""
        return True

    @property
    def drawing(self) -> Drawing:
        levels = (self.rsi_enter, self.rsi_exit)
        return Drawing(
            overlays={
                f"Bollinger {self.band}, {self.width:g}": ("band_low", "band_mid", "band_high"),
                f"SMA {self.trend}": ("trend",),
            },
            panels=(Lower(f"RSI {self.rsi}", "rsi", levels, 0.0, 100.0),),
        )

    def rules(self, bars: Bars) -> Rules:
        """NaN compares false, so a bar without its indicators neither enters nor exits."""
        close = bars.close
        average = window.sma(close, self.trend)
        low, middle, high = window.bollinger(close, self.band, self.width)
        rsi = window.cutler_rsi(close, self.rsi)
        atr = window.mean_true_range(bars.high, bars.low, close, self.atr)
        enter = (close > average) & (close < low) & (rsi < self.rsi_enter) & (atr > 0.0)
        lost = close < average * (1.0 - self.slack)
        recovered = (close > middle) | (rsi > self.rsi_exit)
        strength = np.zeros_like(close)
        np.divide(low - close, atr, out=strength, where=enter)
        return Rules(
            enter=enter.astype(np.int8),
            exit=(recovered | lost) & ~np.isnan(average),
            strength=strength,
            stop=np.where(enter, close - self.stop_atrs * atr, np.nan),
            features={
                "close": close,
                "rsi": rsi,
                "band_low": low,
                "band_mid": middle,
                "band_high": high,
                "trend": average,
                "atr": atr,
            },
        )

    def explain(self, features: Mapping[str, float]) -> str:
        """`RSI(14) 24.1 under 40; close 3.2 % below the 20-day band at 188.10; above its 200-day
        average 176.40`; a missing feature leaves its part out."""
        get = features.get
        close, rsi, low = get("close"), get("rsi"), get("band_low")
        middle, average = get("band_mid"), get("trend")
        parts = []
        if rsi is not None:
            parts.append(f"RSI({self.rsi}) {rsi:.1f}{self._place(rsi)}")
        if close is not None and low is not None and middle is not None:
            if close < low:
                away = 100.0 * (1.0 - close / low)
                parts.append(f"close {away:.1f} % below the {self.band}-day band at {low:,.2f}")
            else:
                side = "above" if close > middle else "not above"
                parts.append(f"close {side} the {self.band}-day average {middle:,.2f}")
        if close is not None and average is not None:
            side = "above" if close > average else "below"
            parts.append(f"{side} its {self.trend}-day average {average:,.2f}")
        return "; ".join(parts)

    def _place(self, rsi: float) -> str:
        if rsi < self.rsi_enter:
            return f" under {self.rsi_enter:g}"
        return f" over {self.rsi_exit:g}" if rsi > self.rsi_exit else ""
