"""Who was best: walking forward, and over all the days nobody chose on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from research.grid import Params
from research.outcome import Figures, Outcome, joined
from research.ratio import deflated, expected_best, probabilistic
from research.trials import Results, key_of
from research.windows import Fold

LEAST_TRADES = 10  # in sample; a set with fewer has shown nothing and is not chosen


@dataclass(frozen=True, slots=True)
class Pick:
    """What one fold chose on its training window, and what that made afterwards. None: no set
    traded often enough, so the fold stays out of the market."""

    fold: Fold
    params: Params | None
    train: Figures | None
    test: Figures


@dataclass(frozen=True, slots=True)
class Ranked:
    """One set of parameters, the same through every fold, out of sample."""

    params: Params
    train: float  # mean over the folds of what sets are ranked by, in sample
    test: Figures
    deflated: float  # probability that its Sharpe ratio beats the best of so many worthless tries


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tries` counts every set ever tried on this question, not only this grid's."""

    picks: Sequence[Pick]
    walked: Figures  # the picks' test windows end to end
    walked_above_zero: float  # probability that their true Sharpe ratio is above 0
    ranked: Sequence[Ranked]  # best first
    tries: int
    bar: float  # Sharpe ratio a bar to expect of the best of so many worthless tries


def judge(
    results: Results, grid: Iterable[Params], base: Params, folds: Sequence[Fold], by: str
) -> Verdict:
    """`results` must hold every fold of each of the grid's sets. `base` are all the strategy's
    parameters; with a set's values in them they are that set's key. Ties go to the grid's order.
    """
    sets = list(grid)
    found = [results[key_of({**base, **params})] for params in sets]
    picks = [_pick(sets, found, fold, by) for fold in folds]
    chosen = {
        pick.fold.number: results[key_of({**base, **pick.params})][pick.fold.number]
        for pick in picks
        if pick.params is not None
    }
    walked = _walked(chosen, found[0], folds)
    numbers = {fold.number for fold in folds}
    tried = [joined(one) for one in results.values() if one.keys() >= numbers]
    sharpes = np.array([one.moments.sharpe for one in tried])
    variance = float(sharpes.var(ddof=1)) if len(tried) > 1 else 0.0
    ranked = [
        Ranked(
            params,
            float(np.mean([outcomes[n].train.rank(by) for n in sorted(numbers)])),
            test := joined(outcomes),
            deflated(test.moments, len(tried), variance),
        )
        for params, outcomes in zip(sets, found, strict=True)
    ]
    ranked.sort(key=lambda one: one.test.rank(by), reverse=True)
    bar = expected_best(len(tried), variance)
    return Verdict(picks, walked, probabilistic(walked.moments), ranked, len(tried), bar)


def _pick(
    sets: Sequence[Params], found: Sequence[Mapping[int, Outcome]], fold: Fold, by: str
) -> Pick:
    number = fold.number
    able = [i for i, one in enumerate(found) if one[number].train.trades >= LEAST_TRADES]
    if not able:
        flat = Figures.of(np.zeros(len(found[0][number].returns)), 0, 0)
        return Pick(fold, None, None, flat)
    best = max(able, key=lambda i: found[i][number].train.rank(by))
    outcome = found[best][number]
    return Pick(fold, sets[best], outcome.train, outcome.test)


def _walked(
    chosen: Mapping[int, Outcome], any_set: Mapping[int, Outcome], folds: Sequence[Fold]
) -> Figures:
    parts = [
        chosen[fold.number].returns
        if fold.number in chosen
        else np.zeros(len(any_set[fold.number].returns))
        for fold in folds
    ]
    trades = sum(one.test.trades for one in chosen.values())
    won = sum(one.test.won for one in chosen.values())
    return Figures.of(np.concatenate(parts), trades, won)


def influence(ranked: Sequence[Ranked], names: Sequence[str], by: str) -> list[str]:
    """The axes by how much the out-of-sample result moves with them: the variance of the mean
    result at each of their values, largest first."""

    def moved(name: str) -> float:
        groups: dict[object, list[float]] = {}
        for one in ranked:
            groups.setdefault(one.params[name], []).append(one.test.rank(by))
        return float(np.var([np.mean(group) for group in groups.values()]))

    return sorted(names, key=moved, reverse=True)
