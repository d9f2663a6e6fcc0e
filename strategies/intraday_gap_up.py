"""Buy an opening gap up in an up-trend and leave at the session's close."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indicators import window
from trading.bars import Bars, Drawing, Rules
from trading.types import Holding, Moment


@dataclass(frozen=True, slots=True)
class IntradayGapUp:
    """Bets that a stock which opens well above yesterday goes on rising until the close.

    Long only, decided at the open on the open alone, held for that session. Enter: the open is
    `least` to `most` above yesterday's close and above yesterday's high, yesterday closed above
    its trend average, and enough money trades in the stock. There is no exit rule: the desk
    leaves at the session's close. Strength is the gap in mean true ranges. That prices tend to
    move on in the gap's direction during its day is what G. Caporale and A. Plastun (*Price gaps:
    another market anomaly?*, 2017) and A. Plastun and others (*Price gap anomaly in the US stock
    market: the whole story*, 2020) report; T. Crabel traded it from the open (*Day Trading with
    Short Term Price Patterns and Opening Range Breakout*, 1990).
    """

    name: str = "intraday_gap_up"
    timeframe: str = "1d"
    least: float = 0.02  # the smallest gap, a fraction of yesterday's close
    most: float = 0.08  # a larger one is news, not momentum
    trend: int = 50  # bars of the trend average
    liquid: float = 20_000_000.0  # mean money traded a session, in the instrument's currency
    liquid_bars: int = 20  # sessions of that mean
    atr: int = 14  # bars of the mean true range
    stop_atrs: float = 1.0  # the stop's distance below the open, in mean true ranges

    @property
    def warmup(self) -> int:
        return max(self.trend, self.liquid_bars, self.atr + 1) + 1

    @property
    def decides(self) -> Moment:
        return Moment.OPEN

    @property
    def holds(self) -> Holding:
        return Holding.SESSION

    @property
    def stackable(self) -> bool:
        return True

    @property
    def drawing(self) -> Drawing:
        return Drawing(
            overlays={
                f"SMA {self.trend}, the day before": ("trend",),
                "High, the day before": ("previous_high",),
            }
        )

    def rules(self, bars: Bars) -> Rules:
        """Everything but the open is taken from the bar before, so nothing of this bar is read."""
        opens, close = bars.open, window.previous(bars.close)
        high = window.previous(bars.high)
        average = window.previous(window.sma(bars.close, self.trend))
        traded = window.previous(window.sma(bars.close * bars.volume, self.liquid_bars))
        atr = window.previous(
            window.mean_true_range(bars.high, bars.low, bars.close, self.atr),
        )
        gap = np.full_like(opens, np.nan)
        np.divide(opens - close, close, out=gap, where=close > 0.0)
        enter = (
            (gap >= self.least)
            & (gap <= self.most)
            & (opens > high)
            & (close > average)
            & (traded >= self.liquid)
            & (atr > 0.0)
        )
        strength = np.zeros_like(opens)
        np.divide(opens - close, atr, out=strength, where=enter)
        return Rules(
            enter=enter.astype(np.int8),
            exit=np.zeros(opens.shape, np.bool_),
            strength=strength,
            stop=np.where(enter, opens - self.stop_atrs * atr, np.nan),
            features={
                "open": opens,
                "gap": gap * 100.0,
                "previous_close": close,
                "previous_high": high,
                "trend": average,
                "traded": traded,
                "atr": atr,
            },
        )

    def explain(self, features: Mapping[str, float]) -> str:
        """`opens 3.1 % above yesterday's close 182.10, over its high 184.00; above its 50-day
        average 176.40`; a missing feature leaves its part out."""
        get = features.get
        gap, close, high = get("gap"), get("previous_close"), get("previous_high")
        average = get("trend")
        parts = []
        if gap is not None and close is not None and high is not None:
            parts.append(
                f"opens {gap:.1f} % above yesterday's close {close:,.2f}, over its high {high:,.2f}"
            )
        if close is not None and average is not None:
            side = "above" if close > average else "below"
            parts.append(f"{side} its {self.trend}-day average {average:,.2f}")
        return "; ".join(parts)
