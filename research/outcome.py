"""What one set of parameters made of one fold."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Self

import numpy as np

from analytics import ratios
from research.course import A_YEAR, Board, Course, Terms, course
from research.ratio import Moments
from research.windows import Fold
from strategies.answers import all_answers
from trading.bars import Floats, Strategy

#: What sets can be ranked by; larger is better.
RANKS = ("sharpe", "net", "calmar")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one window, or of several laid end to end. `net` and `drawdown` are fractions of equity,
    compounded; the drawdown is 0 or negative."""

    moments: Moments
    net: float
    drawdown: float
    trades: int
    won: int

    @classmethod
    def of(cls, returns: Floats, trades: int, won: int) -> Self:
        equity = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
        down = ratios.drawdown(1.0, equity).share
        return cls(Moments.of(returns), float(equity[-1]) - 1.0, down, trades, won)

    def sharpe(self, timeframe: str) -> float:
        """A year's."""
        return self.moments.sharpe * sqrt(A_YEAR[timeframe])

    def rank(self, by: str) -> float:
        """What a set is ranked by. Calmar here is net over the worst drawdown."""
        if by == "sharpe":
            return self.moments.sharpe
        if by == "net":
            return self.net
        return self.net / max(-self.drawdown, 1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """In-sample figures, and out-of-sample returns a bar, from which other figures follow."""

    train: Figures
    test: Figures
    returns: Floats  # out of sample, shape (bars of the test window,)

    def to_text(self) -> str:
        """JSON with every digit, so that reading it back is exact."""
        plain: dict[str, Any] = {"train": asdict(self.train), "test": asdict(self.test)}
        plain["returns"] = self.returns.tolist()
        return json.dumps(plain, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        plain = json.loads(text)
        returns = np.array(plain["returns"], np.float64)
        return cls(_figures(plain["train"]), _figures(plain["test"]), returns)


def _figures(plain: dict[str, Any]) -> Figures:
    return Figures(**(plain | {"moments": Moments(**plain["moments"])}))


def evaluate(
    strategy: Strategy, board: Board, terms: Terms, folds: Iterable[Fold]
) -> dict[int, Outcome]:
    """Outcomes by fold number; the rules are asked once for all of them.

    They are asked over the whole panel, which tells nobody the future: the laws every strategy is
    tried against say that an answer never changes with later bars.
    """
    with np.errstate(all="ignore"):
        answers = all_answers(strategy, board.panel)
        made = {}
        for fold in folds:
            train = course(answers, board, fold.train, terms)
            test = course(answers, board, fold.test, terms)
            made[fold.number] = Outcome(_of(train), _of(test), test.returns)
    return made


def _of(made: Course) -> Figures:
    return Figures.of(made.returns, made.trades, made.won)


def joined(outcomes: Mapping[int, Outcome]) -> Figures:
    """The out-of-sample figures of several folds laid end to end, in their order."""
    parts = [outcomes[number] for number in sorted(outcomes)]
    returns = np.concatenate([part.returns for part in parts]) if parts else np.empty(0)
    trades = sum(part.test.trades for part in parts)
    return Figures.of(returns, trades, sum(part.test.won for part in parts))
