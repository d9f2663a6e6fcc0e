"""What the rules alone made: the same trades as a replay of each instrument, and no future."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.panel import Panel
from market.resample import resampled
from replay.alone import round_trips
from research.course import Board, Terms, course, trips
from research.outcome import evaluate
from research.windows import Fold, Window
from strategies.answers import all_answers
from strategies.registry import STRATEGIES
from strategies.trial import KINDS, walk
from trading.bars import Strategy

FREE = Terms(0.1, 0.8, 5_000.0, 0.0, 0.0, 0.0, 0.0)
ALWAYS = Window(date(1990, 1, 1), date(2100, 1, 1))
SMALL = replace(STRATEGIES["mean_reversion"], trend=30, band=10, rsi=5, atr=5)  # type: ignore[type-var]


def panel(seeds: int = 6, n: int = 400) -> Panel:
    """Made-up instruments of every kind, on weekdays."""
    days = np.busday_offset("2020-01-01", np.arange(n), roll="forward").astype("datetime64[us]")
    frames = []
    for seed in range(seeds):
        bars = walk(seed, n, KINDS[seed % len(KINDS)])
        late = 40 * (seed % 3)  # some are listed later
        frames.append(
            pl.DataFrame(
                {
                    "symbol": [f"S{seed}"] * (n - late),
                    "ts": days[late:],
                    **{
                        name: getattr(bars, name)[late:]
                        for name in ("open", "high", "low", "close", "volume")
                    },
                }
            )
        )
    return Panel.from_frame(pl.concat(frames))


PANEL = panel()


def small(name: str) -> Strategy:
    return SMALL if name == "mean_reversion" else STRATEGIES[name]


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_closed_trades_are_those_of_a_replay_of_each_instrument(name: str):
    strategy = small(name)
    bars = resampled(PANEL, strategy.timeframe)
    board = Board.of(bars, strategy.timeframe)
    found = trips(all_answers(strategy, bars), board, ALWAYS)
    true = round_trips(strategy, PANEL)
    closed = found.closed
    assert len(true) == closed.sum()
    assert np.array_equal(true.side, found.side[closed])
    assert np.array_equal(true.entered, bars.ts[found.came[closed]])
    assert np.array_equal(true.entry, found.entry[closed])
    assert np.array_equal(true.exit, found.exit[closed])


def test_without_costs_the_days_of_a_trade_multiply_to_its_return():
    """One instrument, all the money in it: the course is the price's own."""
    one = PANEL.only(["S2"])
    board = Board.of(one, "1d")
    answers = all_answers(SMALL, one)
    terms = replace(FREE, position=1.0, allocation=1.0)
    made, found = course(answers, board, ALWAYS, terms), trips(answers, board, ALWAYS)
    assert len(found.side) > 1
    assert np.prod(1.0 + made.returns) == pytest.approx(np.prod(found.exit / found.entry))


def test_costs_only_take():
    board, answers = Board.of(PANEL, "1d"), all_answers(SMALL, PANEL)
    free, paid = (course(answers, board, ALWAYS, terms) for terms in (FREE, Terms(0.1, 0.8)))
    assert free.trades == paid.trades > 0
    assert (paid.returns <= free.returns + 1e-15).all()
    assert paid.returns.sum() < free.returns.sum()


def test_a_stake_pays_the_least_fee_the_share_of_it_or_the_fee_a_unit():
    terms = Terms(stake=5_000.0, slippage=0.0)
    cost = terms.cost(np.array([100.0, 10.0, 0.01]))
    assert cost == pytest.approx([1 / 5_000, 2.5 / 5_000, 0.01])


def test_charges_by_schedule_stand_in_the_commissions_place():
    terms = Terms(slippage=0.0, curve=((10.0, 0.004), (100.0, 0.001)))
    assert terms.cost(np.array([5.0, 10.0, 55.0, 900.0])) == pytest.approx(
        [0.004, 0.004, 0.0025, 0.001]
    )


def test_what_is_held_never_takes_more_than_the_allocation():
    board, answers = Board.of(PANEL, "1d"), all_answers(SMALL, PANEL)
    tight = course(answers, board, ALWAYS, replace(FREE, position=0.5, allocation=0.5))
    moves = np.nanmax(np.abs(board.change))
    assert np.abs(tight.returns).max() <= 0.5 * max(moves, 1.0)


windows = st.tuples(st.integers(0, 500), st.integers(1, 400)).map(
    lambda w: Window(
        date(2020, 1, 1) + timedelta(days=w[0]), date(2020, 1, 1) + timedelta(days=w[0] + w[1])
    )
)


@settings(max_examples=40)
@given(window=windows, seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(STRATEGIES)))
def test_what_comes_after_a_window_never_changes_it(window: Window, seed: int, name: str):
    """The future replaced by noise: the course of the window is the same to the last digit."""
    strategy = small(name)
    later = np.datetime64(window.end, "us") <= PANEL.ts
    noise = np.random.default_rng(seed).uniform(0.2, 5.0, len(PANEL.ts))
    prices = {
        name: np.where(later, getattr(PANEL, name) * noise, getattr(PANEL, name))
        for name in ("open", "high", "low", "close", "volume")
    }
    other = Panel(PANEL.symbols, PANEL.offsets, PANEL.ts, *prices.values())
    made = []
    for bars in (PANEL, other):
        weekly = resampled(bars, strategy.timeframe)
        board = Board.of(weekly, strategy.timeframe)
        made.append(course(all_answers(strategy, weekly), board, window, Terms()))
    assert np.array_equal(made[0].returns, made[1].returns)
    assert made[0].trades == made[1].trades


@settings(max_examples=40)
@given(window=windows, name=st.sampled_from(sorted(STRATEGIES)))
def test_every_trade_of_a_window_lies_in_it(window: Window, name: str):
    strategy = small(name)
    bars = resampled(PANEL, strategy.timeframe)
    board = Board.of(bars, strategy.timeframe)
    found = trips(all_answers(strategy, bars), board, window)
    for row in (found.came, found.last):
        days = bars.ts[row].astype("datetime64[D]")
        assert (days >= np.datetime64(window.first)).all()
        assert (days + np.timedelta64(board.bar_days, "D") <= np.datetime64(window.end)).all()
    assert (found.came <= found.last).all()


def test_the_training_of_a_fold_shares_no_bar_with_its_test():
    train, test = (
        Window(date(2020, 3, 1), date(2020, 9, 2)),
        Window(date(2020, 9, 2), date(2021, 3, 1)),
    )
    for timeframe in ("1d", "1w"):
        board = Board.of(resampled(PANEL, timeframe), timeframe)
        (_, stop), (start, _) = board.span(train), board.span(test)
        assert stop <= start
    outcome = evaluate(SMALL, Board.of(PANEL, "1d"), Terms(), [Fold(1, train, test)])[1]
    assert len(outcome.returns) == outcome.test.moments.n


def test_an_outcome_is_read_back_to_the_last_digit():
    fold = Fold(3, Window(date(2020, 3, 1), date(2020, 9, 1)), Window(date(2020, 9, 1), date(2021, 3, 1)))  # fmt: skip  # noqa: E501
    made = evaluate(SMALL, Board.of(PANEL, "1d"), Terms(), [fold])[3]
    again = type(made).from_text(made.to_text())
    assert again.to_text() == made.to_text()
    assert np.array_equal(again.returns, made.returns)
    assert (again.train, again.test) == (made.train, made.test)
