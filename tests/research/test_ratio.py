"""The deflated Sharpe ratio: against its paper, against hand figures, and on pure noise."""

from math import isclose, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.ratio import Moments, deflated, expected_best, probabilistic


def test_the_numerical_example_of_the_paper():
    """Bailey and López de Prado 2014: 100 tries with a variance of 1/2 a year, 1,250 daily returns
    with skewness -3 and kurtosis 10, a Sharpe ratio of 2.5 a year."""
    variance = 1 / (2 * 250)
    assert expected_best(100, variance) == pytest.approx(0.1132, abs=5e-5)
    moments = Moments(1250, 2.5 / sqrt(250), -3.0, 10.0)
    assert deflated(moments, 100, variance) == pytest.approx(0.9004, abs=5e-5)


def test_a_hand_computed_probability():
    """Normal returns, 101 of them, a ratio of 0.1: 0.1 × 10 / √(1 + 0.1² / 2) = 0.99751."""
    assert probabilistic(Moments(101, 0.1)) == pytest.approx(0.84074, abs=1e-5)


def test_two_tries_by_hand():
    """√V (0.42278 · Φ⁻¹(0.5) + 0.57722 · Φ⁻¹(1 − 1/(2e))) = √V · 0.57722 · 0.90000"""
    assert expected_best(2, 0.04) == pytest.approx(0.2 * 0.5772157 * 0.9000, abs=1e-4)


def test_a_single_try_is_not_deflated():
    moments = Moments(500, 0.1)
    assert deflated(moments, 1, 0.01) == probabilistic(moments)


def test_moments_by_hand():
    moments = Moments.of(np.array([0.01, -0.01, 0.03, 0.01]))
    assert moments.sharpe == pytest.approx(0.01 / np.std([0.01, -0.01, 0.03, 0.01], ddof=1))
    assert moments.skew == pytest.approx(0.0, abs=1e-12)
    assert moments.kurtosis == pytest.approx(2.0)


@pytest.mark.parametrize("returns", [[], [0.01], [0.0, 0.0, 0.0], [0.02, 0.02, 0.02]])
def test_what_never_moved_has_no_ratio_and_proves_nothing(returns: list[float]):
    moments = Moments.of(np.array(returns))
    assert moments.sharpe == 0.0
    assert probabilistic(moments) == 0.5


@given(
    sharpe=st.floats(-0.5, 0.5),
    n=st.integers(30, 2_000),
    skew=st.floats(-1.0, 1.0),
    kurtosis=st.floats(3.0, 20.0),
    variance=st.floats(1e-6, 0.1),
    tries=st.lists(st.integers(1, 100_000), min_size=2, max_size=2, unique=True),
)
def test_more_tries_never_make_it_likelier(
    sharpe: float, n: int, skew: float, kurtosis: float, variance: float, tries: list[int]
):
    few, many = sorted(tries)
    moments = Moments(n, sharpe, skew, kurtosis)
    assert expected_best(few, variance) < expected_best(many, variance)
    assert 0.0 <= deflated(moments, many, variance) <= deflated(moments, few, variance) <= 1.0


def test_the_best_of_pure_noise_is_rarely_significant_and_looks_so_without_deflation():
    """200 searches of 100 worthless strategies each: judged alone their best passes 95 % nearly
    always; deflated, about as rarely as it should."""
    rng = np.random.default_rng(11)
    fooled = told = 0
    for _ in range(200):
        found = [Moments.of(row) for row in rng.normal(0.0, 0.01, (100, 500))]
        best = max(found, key=lambda moments: moments.sharpe)
        variance = float(np.var([moments.sharpe for moments in found], ddof=1))
        fooled += probabilistic(best) > 0.95
        told += deflated(best, len(found), variance) > 0.95
    assert fooled >= 190
    assert told <= 10


def test_luck_grows_as_the_maximum_of_normals_does():
    rng = np.random.default_rng(5)
    seen = rng.normal(0.0, 0.1, (4_000, 50)).max(axis=1).mean()
    assert isclose(expected_best(50, 0.01), seen, rel_tol=0.02)
