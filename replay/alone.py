"""Round trips of each instrument by itself: unlimited money, no costs, nobody to ask.

The desk's replay adds what an account adds: sizes, limits, ranks, ticks, slippage and fees. This
is for judging rules alone, thousands of instruments or parameters at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market.panel import Panel
from market.resample import resampled
from strategies.answers import Answers, all_answers
from trading.bars import Floats, Strategy
from trading.types import Holding, Moment

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RoundTrips:
    """Closed trades in the order of symbols, then time; all arrays have shape (trades,)."""

    symbol: NDArray[np.str_]
    side: NDArray[np.int8]  # +1 long, -1 short
    entered: NDArray[np.datetime64]  # the bar of the fill
    left: NDArray[np.datetime64]
    entry: Floats  # prices
    exit: Floats

    def __len__(self) -> int:
        return len(self.side)

    @property
    def returns(self) -> Floats:
        """Of each trade, a fraction of its entry price."""
        made: Floats = self.side * (self.exit / self.entry - 1.0)
        return made


def round_trips(strategy: Strategy, daily: Panel) -> RoundTrips:
    """Flat and enter buys, held and exit sells: a close decision at the next bar's open, an open
    decision at its own; what holds a session leaves at the close of the bar it entered on. Trades
    still open on the last bar are left out."""
    panel = resampled(daily, strategy.timeframe)
    answers = all_answers(strategy, panel)
    wait = 1 if strategy.decides is Moment.CLOSE else 0
    passing = strategy.holds is Holding.SESSION
    pairs = list(_passing(answers, wait) if passing else _until_exit(answers, wait))
    place, came, went = np.array(pairs, np.int64).reshape(-1, 3).T
    return RoundTrips(
        np.array(panel.symbols)[place],
        answers.enter[came - wait],
        panel.ts[came],
        panel.ts[went],
        panel.open[came],
        panel.close[went] if passing else panel.open[went],
    )


def _passing(answers: Answers, wait: int) -> Iterator[tuple[int, int, int]]:
    for place, first, last in _spans(answers):
        for row in np.flatnonzero(answers.enter[first : last - wait]).tolist():
            yield place, first + row + wait, first + row + wait


def _until_exit(answers: Answers, wait: int) -> Iterator[tuple[int, int, int]]:
    """From each entry to the first exit after it, then from the first entry after that."""
    for place, first, last in _spans(answers):
        enters: Rows = np.flatnonzero(answers.enter[first : last - wait])
        exits: Rows = np.flatnonzero(answers.exit[first : last - wait])
        if not len(enters) or not len(exits):
            continue
        # for each entry, which exit ends it; for each exit, which entry comes next
        ends = np.searchsorted(exits, enters, "right").tolist()
        begins = np.searchsorted(enters, exits, "right").tolist()
        entry = 0
        while entry < len(enters) and ends[entry] < len(exits):
            out = ends[entry]
            yield place, first + int(enters[entry]) + wait, first + int(exits[out]) + wait
            entry = begins[out]


def _spans(answers: Answers) -> Iterator[tuple[int, int, int]]:
    offsets = answers.offsets.tolist()
    yield from zip(range(len(offsets) - 1), offsets[:-1], offsets[1:], strict=True)
