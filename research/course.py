"""What a strategy's rules made in a window, instrument by instrument, as returns a day.

No account is run here: every entry is taken at the next open (or its own, where it is decided
there), and all that is held on a day shares the allocation in equal parts, no part larger than
one position. So a rank or a limit never decides which trades count, and a search compares rules,
not luck in the order of entries. The desk's replay adds that account.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from market.panel import Panel
from research.windows import Window
from strategies.answers import Answers
from trading.bars import Floats
from trading.types import Holding, Moment

Rows = NDArray[np.int64]
BAR_DAYS = {"1d": 1, "1w": 7}  # a bar is known once these days have passed
A_YEAR = {"1d": 252, "1w": 52}  # bars


@dataclass(frozen=True, slots=True)
class Terms:
    """Money, as fractions of equity and of the traded value; `stake` is the currency amount one
    position starts with, from which fees a unit become a fraction."""

    position: float = 0.05
    allocation: float = 0.80
    stake: float = 5_000.0
    slippage: float = 0.0002  # of the price, a side
    fee_per_unit: float = 0.005
    fee_minimum: float = 1.0  # an order
    fee_maximum: float = 0.01  # of the order's value
    #: In place of the three above: prices, ascending, and the fraction a side is charged at each.
    curve: tuple[tuple[float, float], ...] = ()
    charged: str = "the commission"  # in words

    def cost(self, price: Floats) -> Floats:
        """What one side costs, a fraction of its value; the commission without its rounding."""
        if self.curve:
            prices, shares = zip(*self.curve, strict=True)
            between: Floats = np.interp(price, prices, shares) + self.slippage
            return between
        fee = np.maximum(self.stake / price * self.fee_per_unit, self.fee_minimum)
        share: Floats = np.minimum(fee / self.stake, self.fee_maximum) + self.slippage
        return share


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A panel in the strategy's timeframe, with what every evaluation needs of it.

    `days` are all its bars' times, ascending; `day` gives each row's place among them, `place`
    its symbol's, `change` its close over the close before it, less one (NaN on a first bar).
    """

    panel: Panel
    bar_days: int
    days: NDArray[np.datetime64]
    day: Rows
    place: Rows
    change: Floats

    @classmethod
    def of(cls, panel: Panel, timeframe: str) -> Self:
        days, day = np.unique(panel.ts.astype("datetime64[D]"), return_inverse=True)
        place = np.repeat(np.arange(len(panel)), np.diff(panel.offsets))
        change = np.full(panel.rows, np.nan)
        change[1:] = panel.close[1:] / panel.close[:-1] - 1.0
        change[panel.offsets[:-1][np.diff(panel.offsets) > 0]] = np.nan
        return cls(panel, BAR_DAYS[timeframe], days, day, place, change)

    def span(self, window: Window) -> tuple[int, int]:
        """The places in `days` of bars that begin in the window and are known within it."""
        begins = int(np.searchsorted(self.days, np.datetime64(window.first, "D")))
        last = np.datetime64(window.end, "D") - np.timedelta64(self.bar_days, "D")
        return begins, max(begins, int(np.searchsorted(self.days, last, "right")))


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Trades of one window in the order of rows; shapes (trades,). A trade without an exit in the
    window is valued at its last close there, as if sold."""

    side: NDArray[np.int8]
    came: Rows  # the bar of the entry's fill
    last: Rows  # the last bar held, or the bar at whose open it was left
    entry: Floats
    exit: Floats
    closed: NDArray[np.bool_]  # by its own rule


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The account's return on each bar of a window, costs taken off; shapes (bars,)."""

    days: NDArray[np.datetime64]
    returns: Floats
    trades: int
    won: int


def trips(answers: Answers, board: Board, window: Window) -> Trips:
    """Flat and enter buys, held and exit sells, starting flat; decided and filled in the window."""
    panel = board.panel
    begin, end = board.span(window)
    inside = (board.day >= begin) & (board.day < end)
    wait = 1 if answers.strategy.decides is Moment.CLOSE else 0
    decided: Rows = np.flatnonzero((answers.enter != 0) & inside)
    ends = _ends(board, inside)
    if answers.strategy.holds is Holding.SESSION:
        came = decided + wait
        fits = came < ends[board.place[decided]]
        decided, came = decided[fits], came[fits]
        last, closed, leave = came, np.ones(len(came), np.bool_), panel.close[came]
    else:
        exits: Rows = np.flatnonzero(answers.exit & inside)
        after = np.searchsorted(exits, decided, "right")
        place = board.place[decided]
        # of the entries with the same exit before them, the first is taken
        first = np.ones(len(decided), np.bool_)
        first[1:] = (after[1:] != after[:-1]) | (place[1:] != place[:-1])
        first &= decided + wait < ends[place]
        decided, after, place = decided[first], after[first], place[first]
        came = decided + wait
        went = np.append(exits, panel.rows)[after] + wait
        closed = went < ends[place]
        last = np.where(closed, went, ends[place] - 1)
        leave = np.where(closed, panel.open[last], panel.close[last])
    return Trips(answers.enter[decided], came, last, panel.open[came], leave, closed)


def _ends(board: Board, inside: NDArray[np.bool_]) -> Rows:
    """The row after each symbol's last one inside; 0 for a symbol without any."""
    ends = np.zeros(len(board.panel), np.int64)
    rows = np.flatnonzero(inside)
    ends[board.place[rows]] = rows + 1  # rows ascend, so the last one stays
    return ends


def course(answers: Answers, board: Board, window: Window, terms: Terms) -> Course:
    """What the rules made on each bar of the window, with as many positions as they ask for."""
    made = trips(answers, board, window)
    begin, end = board.span(window)
    panel, n = board.panel, end - begin
    lengths = made.last - made.came + 1
    starts = np.cumsum(lengths) - lengths
    rows = np.arange(int(lengths.sum())) + np.repeat(made.came - starts, lengths)
    change = board.change[rows]
    change[starts] = panel.close[made.came] / made.entry - 1.0
    ends = starts + lengths - 1
    before = np.where(lengths > 1, panel.close[made.last - 1], made.entry)
    change[ends] = made.exit / before - 1.0
    change *= np.repeat(made.side, lengths)
    change[starts] -= terms.cost(made.entry)
    change[ends] -= terms.cost(made.exit)
    day = board.day[rows] - begin
    held = np.bincount(day, minlength=n)
    part = np.minimum(terms.position, terms.allocation / np.maximum(held, 1))
    returns: Floats = part * np.bincount(day, weights=change, minlength=n)
    gains = made.side * (made.exit / made.entry - 1.0)
    gains = gains - terms.cost(made.entry) - terms.cost(made.exit)
    return Course(board.days[begin:end], returns, len(made.side), int((gains > 0).sum()))
