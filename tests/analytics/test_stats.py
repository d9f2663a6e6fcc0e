"""Statistics by hand, and what they are where there is nothing to divide by."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.days import Day, equity, returns
from analytics.definitions import lines
from analytics.stats import DEFINITIONS, Stats, longest, returned, stats
from tests.analytics.builders import CAPITAL, MONDAY, days, trade

D = Decimal
NETS = st.lists(st.integers(-10_000, 10_000).map(lambda n: D(n) / 100), max_size=30)


def at(day: int, hour: int = 15) -> datetime:
    return datetime(2025, 2, day, hour, tzinfo=UTC)


def test_a_week_of_trades_by_hand():
    """10 AAPL @ 100 cost 1,000 each: +50, +20, −40, 0, −10."""
    nets = [50, 20, -40, 0, -10]
    ended = [
        trade(net, opened=at(3 + n), held=timedelta(hours=1 + n)) for n, net in enumerate(nets)
    ]
    found = stats(list(reversed(ended)), days(50, 20, -40, 0, -10), CAPITAL)
    assert (found.trades, found.wins, found.losses) == (5, 2, 2)
    assert found.win_rate == 0.4
    assert (found.mean_return, found.best_return, found.worst_return) == (
        pytest.approx(0.004), 0.05, -0.04,
    )  # fmt: skip
    assert found.profit_factor == 70 / 50
    assert found.expectancy == D(4)
    assert found.payoff == 35 / 25
    assert found.average_holding == timedelta(hours=3)
    assert (found.longest_wins, found.longest_losses) == (2, 1)


def test_costs_exposure_and_turnover_by_hand():
    """Two days on a capital of 1,000: 100 and 50 net, each after 10 fees and 5 taxes."""
    one = Day(MONDAY, D(100), D(10), D(5), exposure=D(550), traded=D(2000))
    two = replace(one, day=MONDAY + timedelta(days=1), net=D(50), exposure=D(0), traded=D(300))
    found = stats([], [one, two], D(1000))
    assert (found.net, found.fees, found.taxes, found.gross) == (150, 20, 10, 180)
    assert found.fees_share == pytest.approx(30 / 180)
    assert found.exposure_time == 0.5
    assert found.exposure_capital == pytest.approx(550 / 1100 / 2)
    assert found.turnover == pytest.approx(2300 / 2 / 1125 / (2 / 365.25))


def test_sharpe_and_sortino_by_hand():
    """Returns of 1 % and −0.5 %: mean 0.25 %, deviation 1.5 % / √2, downside 0.5 % / √2."""
    found = stats([], days(1000, -505), CAPITAL)
    assert found.sharpe == pytest.approx(0.0025 / (0.015 / 2**0.5) * 252**0.5)
    assert found.sortino == pytest.approx(0.0025 / (0.005 / 2**0.5) * 252**0.5)
    assert found.growth is None  # two days say nothing of a year
    assert found.calmar is None


def test_nothing_gives_figures_of_nothing():
    found = stats([], [], CAPITAL)
    assert (found.trades, found.net, found.drawdown_amount) == (0, 0, 0)
    undefined = {f.name for f in fields(Stats) if getattr(found, f.name) is None}
    assert undefined >= {"win_rate", "sharpe", "turnover", "expectancy", "max_drawdown", "first"}


def test_without_a_loss_there_is_no_profit_factor_payoff_or_sortino():
    found = stats([trade(5)], days(1, 2, 3), CAPITAL)
    assert (found.profit_factor, found.payoff, found.sortino) == (None, None, None)
    assert found.max_drawdown == 0.0


def test_without_capital_only_money_is_counted():
    found = stats([trade(-5)], days(10, -30, 5), D(0))
    assert (found.sharpe, found.growth, found.max_drawdown, found.turnover) == (None,) * 4
    assert found.drawdown_amount == -30
    assert (found.drawdown_peak, found.drawdown_trough) == (MONDAY, MONDAY + timedelta(days=1))


def test_a_deposit_is_no_gain():
    """100 earn 10 %, 890 come in, 1,000 earn 10 %."""
    course = [Day(MONDAY, D(10)), Day(MONDAY + timedelta(days=1), D(100), flow=D(890))]
    assert returns(course, D(100)) == pytest.approx([0.1, 0.1])
    assert equity(course, D(100)) == pytest.approx([110, 1100])


def test_days_that_never_differ_have_no_sharpe():
    assert stats([], days(0, 0, 0), CAPITAL).sharpe is None


def test_what_is_lost_whole_has_no_growth():
    found = stats([], [Day(date(2025, 1, 1), D(-1000)), Day(date(2025, 12, 31), D(0))], D(1000))
    assert found.growth is None
    assert found.sharpe is None  # the second day began with nothing


def test_a_short_trade_and_one_of_many_lots_return_what_their_size_cost():
    assert returned(trade(-20, quantity=-10)) == -0.02
    assert returned(replace(trade(1), cost_base=D(0))) is None


def test_streaks_end_with_a_trade_that_is_neither():
    assert longest([True, True, False, True, True, True]) == 3
    assert longest([]) == 0


def test_every_statistic_has_its_line_and_no_line_is_idle():
    """Those of the stretch itself say what they are by their names."""
    assert set(DEFINITIONS) == {f.name for f in fields(Stats)} - {
        "first",
        "last",
        "days",
        "capital",
    }
    for name, line in DEFINITIONS.items():
        assert len(line) <= 100, name
        assert "\n" not in line


@settings(max_examples=60)
@given(NETS)
def test_the_parts_add_up_whatever_is_traded(nets: list[Decimal]):
    ended = [trade(net, opened=at(3), held=timedelta(minutes=n)) for n, net in enumerate(nets)]
    found = stats(ended, days(*nets), CAPITAL)
    assert found.net == sum(nets, D(0))
    assert found.wins + found.losses + sum(net == 0 for net in nets) == found.trades == len(nets)
    assert found.longest_wins <= found.wins
    assert found.longest_losses <= found.losses
    if found.expectancy is not None:
        assert abs(found.expectancy * len(nets) - found.net) < D("1e-40")
    if found.profit_factor is not None:
        assert (found.profit_factor > 1) == (found.net > 0) or found.net == 0


def test_the_page_on_statistics_has_every_line_as_the_chat_shows_it():
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for name, line in DEFINITIONS.items():
        assert f"| {name.replace('_', ' ')} | {line} |" in page
    assert len(lines()) == len(DEFINITIONS)
    assert len("\n".join(lines())) < 4096, "one message"
