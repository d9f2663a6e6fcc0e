"""Buy a weekly breakout above a rising average; hold while the week closes above it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indicators import window
from trading.bars import Bars, Drawing, Rules
from trading.types import Holding, Moment


@dataclass(frozen=True, slots=True)
class WeeklyTrend:
    """Bets that a stock which leaves a base for new highs, above a rising average, goes on.

    Long only, on weekly bars, decided at the week's last close, held until its exit. Enter: the
    close is above its `trend`-week average, that average is higher than `rising` weeks ago, and
    the close is the highest of `breakout` weeks for the first time in `base` weeks. Exit: a
    weekly close below the average. Strength is the average's rise in percent. This is the
    stage-two purchase of S. Weinstein, *Secrets for Profiting in Bull and Bear Markets* (1988),
    without his volume rule.
    """

    name: str = "weekly_trend"
    timeframe: str = "1w"
    trend: int = 30  # weeks of the trend average
    rising: int = 4  # weeks over which the average must have risen
    breakout: int = 20  # weeks whose highest close this one must be
    base: int = 4  # weeks before it without such a high
    atr: int = 10  # weeks of the mean true range

    @property
    def warmup(self) -> int:
        return max(self.trend + self.rising, self.breakout + self.base, self.atr + 1)

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
        return Drawing(
            overlays={
                f"SMA {self.trend} weeks": ("trend",),
                f"Highest close of {self.breakout} weeks": ("highest",),
            }
        )

    def rules(self, bars: Bars) -> Rules:
        """NaN compares false, so a bar without its indicators neither enters nor exits."""
        close = bars.close
        average = window.sma(close, self.trend)
        before = window.previous(average, self.rising)
        highest = window.highest(close, self.breakout)
        atr = window.mean_true_range(bars.high, bars.low, close, self.atr)
        high = close >= highest
        fresh = window.previous(window.highest(high.astype(np.float64), self.base)) == 0.0
        enter = high & fresh & (close > average) & (average > before) & (before > 0.0)
        slope = np.full_like(close, np.nan)
        np.divide(100.0 * (average - before), before, out=slope, where=before > 0.0)
        return Rules(
            enter=enter.astype(np.int8),
            exit=close < average,
            strength=np.where(enter, slope, 0.0),
            stop=np.where(enter, average, np.nan),
            features={
                "close": close,
                "trend": average,
                "slope": slope,
                "highest": highest,
                "atr": atr,
            },
        )

    def explain(self, features: Mapping[str, float]) -> str:
        """`highest close of 20 weeks 182.10; above its 30-week average 176.40, up 2.3 % in 4
        weeks`; a missing feature leaves its part out."""
        get = features.get
        close, highest = get("close"), get("highest")
        average, slope = get("trend"), get("slope")
        parts = []
        if close is not None and highest is not None and close >= highest:
            parts.append(f"highest close of {self.breakout} weeks {close:,.2f}")
        if close is not None and average is not None:
            side = "above" if close > average else "below"
            moved = ""
            if slope is not None:
                way = "up" if slope >= 0.0 else "down"
                moved = f", {way} {abs(slope):.1f} % in {self.rising} weeks"
            parts.append(f"{side} its {self.trend}-week average {average:,.2f}{moved}")
        return "; ".join(parts)
