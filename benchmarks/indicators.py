"""Sixteen indicator columns of 500 symbols x 250 bars, and a scan of 5,000."""

import warnings

import numpy as np
import pandas as pd
from ta import momentum, trend, volatility, volume

from benchmarks.line import Line, table
from benchmarks.sized import sized
from indicators.classic import NAMES, classic
from market.panel import Panel
from strategies.answers import bars_needed, last_answers
from strategies.registry import find


def by_symbol(bars: pd.DataFrame) -> pd.DataFrame:
    """The sixteen columns of one group, as such code is usually written."""
    close, units = bars["close"], bars["volume"]
    bands, macd = volatility.BollingerBands(close, 20, 2), trend.MACD(close)
    change = close.pct_change()
    up = momentum.RSIIndicator(close, 14)
    moves = close.diff() * units
    gains = moves.clip(lower=0).fillna(0).ewm(alpha=1 / 14, min_periods=14, adjust=False).mean()
    losses = (-moves).clip(lower=0).fillna(0).ewm(alpha=1 / 14, min_periods=14, adjust=False).mean()
    return bars.assign(
        rsi=up.rsi(),
        sma_5=trend.SMAIndicator(close, 5).sma_indicator(),
        sma_10=trend.SMAIndicator(close, 10).sma_indicator(),
        sma_20=trend.SMAIndicator(close, 20).sma_indicator(),
        change=change,
        change_volume=change * units,
        pvt=(change * units).cumsum(),
        macd=macd.macd(),
        macd_signal=macd.macd_signal(),
        ema_9=trend.EMAIndicator(close, 9).ema_indicator(),
        ema_21=trend.EMAIndicator(close, 21).ema_indicator(),
        bollinger_high=bands.bollinger_hband(),
        bollinger_low=bands.bollinger_lband(),
        obv=volume.OnBalanceVolumeIndicator(close, units).on_balance_volume(),
        vpt=volume.VolumePriceTrendIndicator(close, units).volume_price_trend(),
        volume_rsi=100 - 100 / (1 + gains / losses),
    )


def run(symbols: int = 500, bars: int = 250, rounds: int = 5) -> list[Line]:
    """Refuses to report a speed unless both gave the same figures."""
    frame = sized(symbols, bars)
    panel = Panel.from_frame(frame)
    table_of_bars = pd.DataFrame(frame.to_dict(as_series=False))

    def grouped() -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ta divides by zero before its windows are full
            groups = table_of_bars.groupby("symbol", group_keys=False)
            return groups[["close", "volume"]].apply(by_symbol)

    theirs, ours = grouped(), classic(panel)
    for name in NAMES:
        wanted = theirs[name].to_numpy()
        scale = float(np.nanmax(np.abs(wanted)))
        np.testing.assert_allclose(ours[name], wanted, rtol=1e-9, atol=1e-11 * scale, err_msg=name)

    strategy = find("mean_reversion")
    many = Panel.from_frame(sized(5_000, bars_needed(strategy)))
    size = f"{symbols:,} x {bars:,}"
    return [
        Line.measured(
            f"16 indicator columns, {size}",
            lambda: classic(panel),
            "`ta` in pandas groupby.apply",
            grouped,
            rounds,
        ),
        Line.measured(
            f"scan of mean_reversion, 5,000 x {bars_needed(strategy)}",
            lambda: last_answers(strategy, many),
            "the same rules one symbol at a time",
            lambda: [strategy.rules(many[symbol]) for symbol in many],
            rounds,
        ),
    ]


if __name__ == "__main__":
    print(table(run()))
