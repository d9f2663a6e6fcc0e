"""Against the oracles that ship with Lean's tests, and against the `ta` package."""

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ta import momentum, trend, volatility

from indicators import series, window
from trading.bars import Floats

ORACLES = Path(__file__).parents[3] / "shared/data/open/indicator_oracles"


def oracle(name: str) -> pd.DataFrame:
    file = ORACLES / name
    if not file.exists():
        pytest.skip(f"the oracle {name} is not here")
    return pd.read_csv(io.StringIO(gzip.decompress(file.read_bytes()).decode("utf-8", "replace")))


def floats(column: pd.Series) -> Floats:
    return np.ascontiguousarray(column.to_numpy(np.float64))


def agree(ours: Floats, theirs: Floats, after: int, atol: float) -> None:
    assert len(ours) > after + 100
    np.testing.assert_allclose(ours[after:], theirs[after:], rtol=0.0, atol=atol)


@pytest.fixture(scope="module")
def walk() -> dict[str, Floats]:
    rng = np.random.default_rng(11)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.015, 1_500)))
    spread = np.abs(rng.normal(0, 0.01, (2, 1_500))) * close
    return {
        "close": close,
        "high": close + spread[0],
        "low": close - spread[1],
        "volume": np.floor(rng.lognormal(13, 0.5, 1_500)),
    }


def test_rsi_is_wilders() -> None:
    table = oracle("spy_with_indicators.txt.gz")
    # the file's first bars carry history from before it; the seed has to fade
    agree(series.rsi(floats(table["Close"]), 14), floats(table["RSI 14 Wilder"]), 200, 1e-3)


def test_sma_and_ema() -> None:
    table = oracle("spy_with_indicators.txt.gz")
    close = floats(table["Close"])
    agree(series.sma(close, 14), floats(table["SMA14"]), 20, 6e-3)
    agree(window.sma(close, 14), floats(table["SMA14"]), 20, 6e-3)
    agree(series.ema(close, 14), floats(table["EMA14"]), 150, 6e-3)


def test_a_long_ema() -> None:
    table = oracle("spy_ema.csv.gz")
    agree(series.ema(floats(table["close"]), 14), floats(table["EMA14"]), 14, 1e-9)


def test_cutlers_rsi_is_the_other_rsi_of_the_oracle() -> None:
    table = oracle("spy_with_indicators.txt.gz")
    agree(window.cutler_rsi(floats(table["Close"]), 14), floats(table["RSI 14"]), 20, 1e-3)


def test_atr_is_wilders_and_its_mean_the_simple_one() -> None:
    table = oracle("spy_atr_wilder.txt.gz")
    hlc = [floats(table[c]) for c in ("High", "Low", "Close")]
    agree(series.atr(*hlc, 14), floats(table["Average True Range 14"]), 200, 1e-4)
    table = oracle("spy_atr.txt.gz")
    hlc = [floats(table[c]) for c in ("High", "Low", "Close")]
    agree(window.mean_true_range(*hlc, 14), floats(table["Average True Range 14"]), 20, 1e-5)


def test_bollinger() -> None:
    table = oracle("spy_bollinger_bands.txt.gz")
    theirs = [floats(table.iloc[:, i]) for i in (7, 5, 6)]
    for function in (series.bollinger, window.bollinger):
        for ours, wanted in zip(function(floats(table["Close"]), 20, 2.0), theirs, strict=True):
            agree(ours, wanted, 20, 1e-4)


def test_macd() -> None:
    table = oracle("spy_with_macd.txt.gz")
    line, signal, difference = series.macd(floats(table["Close"]))
    agree(line, floats(table["MACD"]), 200, 1e-4)
    agree(signal, floats(table["Signal"]), 200, 1e-4)
    agree(difference, floats(table["Histogram"]), 200, 1e-4)


def test_once_settled_talib_and_ta_agree(walk: dict[str, Floats]) -> None:
    close = pd.Series(walk["close"])
    hlc = (walk["high"], walk["low"], walk["close"])
    pairs = {
        "rsi": (
            series.rsi(walk["close"], 14),
            momentum.RSIIndicator(close, 14).rsi(),
            series.settled(14, wilder=True, within=1e-12),
        ),
        "ema": (
            series.ema(walk["close"], 21),
            trend.EMAIndicator(close, 21).ema_indicator(),
            series.settled(21, within=1e-12),
        ),
        "atr": (
            series.atr(*hlc, 14),
            volatility.AverageTrueRange(*map(pd.Series, hlc), 14).average_true_range(),
            series.settled(14, wilder=True, within=1e-12),
        ),
        "macd": (
            series.macd(walk["close"])[1],
            trend.MACD(close).macd_signal(),
            series.settled(26, within=1e-12) + series.settled(9, within=1e-12),
        ),
    }
    for name, (ours, theirs, after) in pairs.items():
        assert after < 700, name
        np.testing.assert_allclose(
            ours[after:], theirs.to_numpy()[after:], rtol=1e-9, atol=1e-9, err_msg=name
        )


def test_on_balance_volume_leaves_an_unchanged_close_out() -> None:
    close, volume = np.array([1.0, 2.0, 2.0, 1.0]), np.array([10.0, 20.0, 30.0, 40.0])
    assert series.obv(close, volume).tolist() == [10.0, 30.0, 30.0, -10.0]


def test_price_volume_trend_by_hand() -> None:
    close, volume = np.array([10.0, 11.0, 11.0, 5.5]), np.array([1.0, 10.0, 5.0, 4.0])
    np.testing.assert_allclose(series.pvt(close, volume), [np.nan, 1.0, 1.0, -1.0])


def test_with_one_volume_the_weighted_rsi_is_the_plain_one(walk: dict[str, Floats]) -> None:
    ours = series.volume_weighted_rsi(walk["close"], np.full(1_500, 7.0))
    plain = momentum.RSIIndicator(pd.Series(walk["close"]), 14).rsi()
    np.testing.assert_allclose(ours, plain, rtol=1e-9)
