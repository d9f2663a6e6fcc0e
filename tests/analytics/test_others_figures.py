"""Our figures against empyrical and quantstats: to 1e-9 where they mean the same, and by how much
they differ where they do not."""

from math import sqrt

import empyrical
import numpy as np
import pandas as pd
import pytest
import quantstats_lumi.stats as quantstats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics import ratios
from analytics.drawdown import deepest
from analytics.stats import Stats, longest, stats
from tests.analytics.builders import CAPITAL, earning, weekdays

EXACT = {"rel": 1e-9, "abs": 1e-12}
RETURNS = st.lists(
    st.integers(-900, 1000).map(lambda n: n / 10_000), min_size=8, max_size=300
).filter(lambda moves: min(moves) < 0 < max(moves))


def series(moves: list[float]) -> "pd.Series[float]":
    return pd.Series(moves, index=pd.DatetimeIndex(weekdays(len(moves))))


def ours(moves: list[float]) -> Stats:
    return stats([], earning(moves), CAPITAL)


@settings(max_examples=40)
@given(RETURNS)
def test_sharpe_sortino_volatility_and_drawdown_are_theirs(moves: list[float]):
    found, theirs = ours(moves), series(moves)
    assume(theirs.std() > 1e-6)
    assert found.sharpe == pytest.approx(empyrical.sharpe_ratio(theirs), **EXACT)
    assert found.sharpe == pytest.approx(quantstats.sharpe(theirs, periods=252), **EXACT)
    assert found.sortino == pytest.approx(empyrical.sortino_ratio(theirs), **EXACT)
    assert found.sortino == pytest.approx(quantstats.sortino(theirs, periods=252), **EXACT)
    assert found.volatility == pytest.approx(empyrical.annual_volatility(theirs), **EXACT)
    assert found.volatility == pytest.approx(quantstats.volatility(theirs, periods=252), **EXACT)
    assert found.max_drawdown == pytest.approx(empyrical.max_drawdown(theirs), **EXACT)
    assert found.max_drawdown == pytest.approx(quantstats.max_drawdown(theirs), **EXACT)


@settings(max_examples=12)
@given(RETURNS)
def test_over_days_profit_factor_payoff_and_win_rate_are_theirs(moves: list[float]):
    """Theirs are over days, ours over trades: so each day here is a trade. Their win rate leaves
    flat days out, ours counts a flat trade as one that did not win."""
    nets = [day.net for day in earning(moves, CAPITAL)]
    made = [float(net) for net in nets]
    theirs = pd.Series(made, index=pd.DatetimeIndex(weekdays(len(moves)))) / 1e6  # as returns
    assert ratios.profit_factor(nets) == pytest.approx(quantstats.profit_factor(theirs), **EXACT)
    flat = sum(net == 0 for net in nets)
    assert ratios.win_rate(nets) == pytest.approx(
        quantstats.win_rate(theirs) * (len(nets) - flat) / len(nets), **EXACT
    )
    won, lost = [n for n in nets if n > 0], [n for n in nets if n < 0]
    gain, loss = ratios.mean(won), ratios.mean(lost)
    assert gain is not None
    assert loss is not None
    assert float(gain / -loss) == pytest.approx(quantstats.payoff_ratio(theirs), **EXACT)
    assert longest(n > 0 for n in nets) == quantstats.consecutive_wins(theirs)


@settings(max_examples=30)
@given(st.lists(st.integers(-300, 320).map(lambda n: n / 10_000), min_size=120, max_size=300))
def test_growth_is_theirs_over_other_years(moves: list[float]):
    """All compound; a year is another thing to each. empyrical: 252 sessions. quantstats: the time
    between the first and the last date, over 365.25. Ours: those dates both counted, since the
    first session's return took its day too. Raised to their years, all are the same growth."""
    found, theirs = ours(moves), series(moves)
    assume(found.growth is not None)
    assert found.growth is not None
    span = weekdays(len(moves))
    whole = (1 + found.growth) ** ratios.years(span)
    assert whole == pytest.approx((1 + empyrical.annual_return(theirs)) ** (len(moves) / 252))
    between = (span[-1] - span[0]).days / 365.25
    assert whole == pytest.approx((1 + quantstats.cagr(theirs)) ** between, **EXACT)


def test_calmar_is_theirs_over_other_years():
    """Growth over the deepest drawdown everywhere; only growth differs, as above."""
    moves = list(np.random.default_rng(7).normal(0.0008, 0.01, 260))
    found, theirs = ours(moves), series(moves)
    assert found.growth is not None
    assert found.calmar is not None
    empyricals = found.calmar * empyrical.annual_return(theirs) / found.growth
    assert empyricals == pytest.approx(empyrical.calmar_ratio(theirs), **EXACT)
    quantstatss = found.calmar * quantstats.cagr(theirs) / found.growth
    assert quantstatss == pytest.approx(quantstats.calmar(theirs), **EXACT)


def test_their_sharpe_of_a_year_of_365_days_is_ours_times_a_root():
    """quantstats takes 365 sessions a year unless told; ours is 252, as empyrical's."""
    moves = list(np.random.default_rng(3).normal(0.0005, 0.01, 100))
    theirs = quantstats.sharpe(series(moves))
    assert theirs == pytest.approx(ours(moves).sharpe * sqrt(365 / 252), **EXACT)


def test_a_first_day_that_loses_is_a_drawdown_from_the_capital_to_all():
    moves = [-0.05, 0.01, 0.02, -0.01]
    fall = deepest(earning(moves), CAPITAL)
    assert fall is not None
    assert fall.peak is None
    assert fall.share == pytest.approx(-0.05)
    assert empyrical.max_drawdown(series(moves)) == pytest.approx(-0.05)
    assert quantstats.max_drawdown(series(moves)) == pytest.approx(-0.05)
