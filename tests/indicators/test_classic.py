import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from ta import momentum, trend, volatility, volume

from indicators.classic import NAMES, classic
from indicators.series import volume_weighted_rsi
from market.panel import Panel
from trading.bars import Floats


def by_ta(close: pd.Series, units: pd.Series) -> dict[str, pd.Series]:
    """The classic code's columns for one symbol."""
    bands, macd = volatility.BollingerBands(close, 20, 2), trend.MACD(close)
    change = close.pct_change()
    return {
        "rsi": momentum.RSIIndicator(close, 14).rsi(),
        "sma_5": trend.SMAIndicator(close, 5).sma_indicator(),
        "sma_10": trend.SMAIndicator(close, 10).sma_indicator(),
        "sma_20": trend.SMAIndicator(close, 20).sma_indicator(),
        "change": change,
        "change_volume": change * units,
        "pvt": (change * units).cumsum(),
        "macd": macd.macd(),
        "macd_signal": macd.macd_signal(),
        "ema_9": trend.EMAIndicator(close, 9).ema_indicator(),
        "ema_21": trend.EMAIndicator(close, 21).ema_indicator(),
        "bollinger_high": bands.bollinger_hband(),
        "bollinger_low": bands.bollinger_lband(),
        "obv": volume.OnBalanceVolumeIndicator(close, units).on_balance_volume(),
        "vpt": volume.VolumePriceTrendIndicator(close, units).volume_price_trend(),
        "volume_rsi": pd.Series(volume_weighted_rsi(close.to_numpy(), units.to_numpy())),
    }


def panel(lengths: list[int]) -> Panel:
    rng = np.random.default_rng(3)
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    rows = int(offsets[-1])
    walk = [50.0 * np.exp(np.cumsum(rng.normal(0, 0.02, n))).round(4) for n in lengths]
    close: Floats = np.concatenate(walk)
    close[::17] = np.roll(close, 1)[::17]  # some closes do not change
    ts: NDArray[np.datetime64] = np.concatenate(
        [np.arange(n).astype("datetime64[D]").astype("datetime64[us]") for n in lengths]
    )
    units = np.floor(rng.lognormal(12, 1, rows))
    symbols = tuple(f"S{i:03}" for i in range(len(lengths)))
    return Panel(symbols, offsets, ts, close, close, close, close, units)


@pytest.mark.parametrize(
    "lengths",
    [[250] * 70, [250, 30, 1, 14, 250, 500, 20, 33, 34] * 8, [1], [26] * 3],
    ids=["rectangle", "ragged", "one bar", "short"],
)
def test_every_column_is_that_of_the_ta_package(lengths: list[int]) -> None:
    bars = panel(lengths)
    ours = classic(bars)
    assert tuple(ours) == NAMES
    assert len(NAMES) == 16
    for place in sorted({0, 1, 2, 5, len(lengths) - 1} & set(range(len(lengths)))):
        span = slice(bars.offsets[place], bars.offsets[place + 1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ta divides by zero before its windows are full
            theirs = by_ta(pd.Series(bars.close[span]), pd.Series(bars.volume[span]))
        for name in NAMES:
            wanted = theirs[name].to_numpy()
            scale = np.nanmax(np.abs(wanted)) if np.isfinite(wanted).any() else 1.0
            np.testing.assert_allclose(
                ours[name][span], wanted, rtol=1e-9, atol=1e-11 * scale, err_msg=name
            )


def test_an_empty_panel_has_empty_columns() -> None:
    assert all(len(values) == 0 for values in classic(Panel.empty()).values())


@dataclass
class Alone:
    """A panel of one symbol of another."""

    bars: Panel
    place: int

    def __call__(self) -> Panel:
        span = slice(int(self.bars.offsets[self.place]), int(self.bars.offsets[self.place + 1]))
        columns = [getattr(self.bars, c)[span] for c in ("ts", "open", "high", "low", "close")]
        offsets = np.array([0, span.stop - span.start])
        symbol = self.bars.symbols[self.place]
        return Panel((symbol,), offsets, *columns, self.bars.volume[span])


def test_neighbours_do_not_touch_each_other() -> None:
    bars = panel([40, 60, 40, 60, 250])
    together = classic(bars)
    for place in range(5):
        alone = classic(Alone(bars, place)())
        span = slice(bars.offsets[place], bars.offsets[place + 1])
        for name in NAMES:
            np.testing.assert_allclose(together[name][span], alone[name], rtol=1e-12)
