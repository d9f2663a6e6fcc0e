import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indicators import window
from trading.bars import Floats

prices = arrays(np.float64, st.integers(1, 120), elements=st.floats(0.015625, 16_384.0, width=32))
windows = st.integers(1, 40)


def exact(a: Floats, b: Floats) -> bool:
    return np.array_equal(a, b, equal_nan=True)


@given(prices, windows)
def test_sums_and_deviations_are_those_of_pandas(x: Floats, n: int) -> None:
    rolling = pd.Series(x).rolling(n)
    scale = float(np.max(x))
    np.testing.assert_allclose(
        window.rolling_sum(x, n), rolling.sum(), rtol=1e-9, atol=1e-9 * scale
    )
    mean, deviation = window.mean_and_deviation(x, n)
    np.testing.assert_allclose(mean, rolling.mean(), rtol=1e-9, atol=1e-9 * scale)
    exactly = [
        np.std(x[max(0, i - n + 1) : i + 1]) if i >= n - 1 else np.nan for i in range(len(x))
    ]
    np.testing.assert_allclose(deviation, exactly, rtol=1e-9, atol=1e-12 * scale)


@given(prices, windows)
def test_a_value_depends_on_its_window_alone_to_the_last_bit(x: Floats, n: int) -> None:
    high, low = x * 1.01, x * 0.99
    for end in range(n + 1, len(x) + 1):
        cut = slice(end - n - 1, end)
        assert window.sma(x, n)[end - 1] == window.sma(x[cut], n)[-1]
        for whole, part in zip(window.bollinger(x, n), window.bollinger(x[cut], n), strict=True):
            assert whole[end - 1] == part[-1]
        assert exact(window.cutler_rsi(x, n)[end - 1 : end], window.cutler_rsi(x[cut], n)[-1:])
        atr = window.mean_true_range(high, low, x, n)
        assert atr[end - 1] == window.mean_true_range(high[cut], low[cut], x[cut], n)[-1]


@given(prices, windows)
def test_many_instruments_at_once_are_each_alone_to_the_last_bit(x: Floats, n: int) -> None:
    stacked = np.stack([x, x[::-1], x * 2])
    for row, alone in zip(stacked, stacked.copy(), strict=True):
        assert exact(row, alone)
    for function in (window.sma, window.cutler_rsi, lambda c, n: window.bollinger(c, n)[0]):
        for row, alone in zip(function(stacked, n), stacked, strict=True):
            assert exact(row, function(np.ascontiguousarray(alone), n))


@given(st.floats(0.01, 1e6), windows)
def test_a_flat_price_has_no_deviation_and_no_rsi(price: float, n: int) -> None:
    flat = np.full(60, price)
    low, middle, high = window.bollinger(flat, n)
    assert low[-1] == middle[-1] == high[-1] == price
    assert np.isnan(window.cutler_rsi(flat, n)).all()
    assert window.mean_true_range(flat, flat, flat, n)[-1] == 0.0


@given(prices, windows)
def test_rsi_lies_between_0_and_100(x: Floats, n: int) -> None:
    rsi = window.cutler_rsi(x, n)
    rsi = rsi[~np.isnan(rsi)]
    assert ((rsi >= 0.0) & (rsi <= 100.0 + 1e-9)).all()


def test_a_nan_spoils_its_own_windows_only() -> None:
    x = np.arange(1.0, 21.0)
    x[7] = np.nan
    assert np.flatnonzero(np.isnan(window.sma(x, 3))).tolist() == [0, 1, 7, 8, 9]


def test_cutlers_rsi_by_hand() -> None:
    close = np.array([10.0, 11.0, 10.0, 12.0])
    np.testing.assert_allclose(window.cutler_rsi(close, 3), [np.nan] * 3 + [75.0])


def test_a_gap_counts_into_the_true_range() -> None:
    high, low, close = np.array([10.0, 15.0]), np.array([9.0, 14.0]), np.array([9.5, 14.5])
    np.testing.assert_allclose(window.true_range(high, low, close), [np.nan, 5.5])


@pytest.mark.parametrize("n", [1, 2, 200])
def test_fewer_bars_than_the_window_are_all_nan(n: int) -> None:
    x = np.ones(n)
    assert np.isnan(window.sma(x, n + 1)).all()
    assert np.isnan(window.mean_and_deviation(x, n + 1)[1]).all()


@given(
    st.lists(st.floats(1, 1e6), min_size=1, max_size=80),
    st.integers(1, 40),
)
def test_highest_and_lowest_are_those_of_the_window(values: list[float], span: int) -> None:
    x = np.array(values)
    for of, plain in ((window.highest, max), (window.lowest, min)):
        got = of(x, span)
        for i in range(len(x)):
            if i + 1 < span:
                assert np.isnan(got[i])
            else:
                assert got[i] == plain(values[i + 1 - span : i + 1])


def test_previous_is_what_was_known_before() -> None:
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(window.previous(x), [[np.nan, 1, 2], [np.nan, 4, 5]])
    np.testing.assert_array_equal(window.previous(x[0], 5), [np.nan] * 3)


def test_stochastic_rsi_is_its_definition_in_pandas() -> None:
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, 300)))
    strength = pd.Series(window.cutler_rsi(close, 14))
    low, high = strength.rolling(14).min(), strength.rolling(14).max()
    k = (100 * (strength - low) / (high - low)).rolling(3).mean()
    ours_k, ours_d = window.stochastic_rsi(close)
    np.testing.assert_allclose(ours_k, k, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours_d, k.rolling(3).mean(), rtol=1e-9, atol=1e-9)
    assert np.isnan(ours_d[:30]).all()
    assert not np.isnan(ours_d[31:]).any()


def test_stochastic_rsi_is_unknown_while_rsi_stands_still() -> None:
    k, d = window.stochastic_rsi(np.linspace(10.0, 20.0, 60))
    assert np.isnan(k).all()
    assert np.isnan(d).all()
