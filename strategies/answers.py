"""What a strategy says over a panel: the newest bar for a scan, every bar for a replay.

Both come from `all_answers`, so live and replay cannot disagree.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indicators.columns import Columns
from trading.bars import Answer, Bars, Floats, Rules, Strategy
from trading.errors import DataError
from trading.types import Moment

#: How far back the start of a run of `enter` is looked for. Without a limit a scan, which sees
#: fewer bars than a replay, would date a long run later than the replay does.
RUN_BARS = 50
_CHUNK = 64  # symbols at a time for strategies that take many: they stay in the cache


def bars_needed(strategy: Strategy) -> int:
    """Bars a scan must read for `last_answers` to equal what a replay says of the same bar."""
    return strategy.warmup + RUN_BARS


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """A strategy's answer on every row of a panel; all arrays have shape (rows,)."""

    strategy: Strategy
    symbols: tuple[str, ...]
    offsets: NDArray[np.int64]  # symbol i has the rows offsets[i] : offsets[i + 1]
    ts: NDArray[np.datetime64]
    price: Floats  # the close, or the open for a strategy that decides there
    enter: NDArray[np.int8]
    exit: NDArray[np.bool_]
    strength: Floats
    stop: Floats
    since: NDArray[np.int64]  # the row where the run of this `enter` began, at most RUN_BARS back
    features: dict[str, Floats]
    _rows: NDArray[np.int64] = field(init=False, repr=False)  # those that say something, by time
    _times: NDArray[np.datetime64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        said = np.flatnonzero((self.enter != 0) | self.exit)
        said = said[np.argsort(self.ts[said], kind="stable")]
        object.__setattr__(self, "_rows", said)
        object.__setattr__(self, "_times", self.ts[said])

    def rows_on(self, bar: np.datetime64) -> NDArray[np.int64]:
        """The rows of that bar which enter or exit, in symbol order."""
        first, last = (np.searchsorted(self._times, bar, side) for side in ("left", "right"))
        return self._rows[first:last]

    def on(self, bar: np.datetime64, held: Collection[str] | None = None) -> list[Answer]:
        """The answers of that bar which enter or exit, in symbol order.

        With `held`, an exit is given only for those symbols: a strategy wants to leave most of
        the market on most days, and a replay that builds only what is held is twice as fast.
        """
        rows = self.rows_on(bar)
        if held is not None and len(rows):
            places = np.searchsorted(self.offsets, rows, "right") - 1
            ours = [self.symbols[place] in held for place in places.tolist()]
            rows = rows[(self.enter[rows] != 0) | ours]
        return self.answers(rows)

    def answers(self, rows: NDArray[np.int64]) -> list[Answer]:
        """Those rows as Answers; features that are not known yet are left out."""
        places = (np.searchsorted(self.offsets, rows, "right") - 1).tolist()
        columns = (
            [self.symbols[place] for place in places],
            self.ts[rows],
            self.ts[self.since[rows]],
            self.enter[rows].tolist(),
            self.exit[rows].tolist(),
            self.strength[rows].tolist(),
            self.price[rows].tolist(),
            [None if math.isnan(stop) else stop for stop in self.stop[rows].tolist()],
            self._features(rows),
        )
        return list(map(Answer, *columns))

    def _features(self, rows: NDArray[np.int64]) -> list[dict[str, float]]:
        found: list[dict[str, float]] = [{} for _ in rows]
        for name, values in self.features.items():
            for known, value in zip(found, values[rows].tolist(), strict=True):
                if not math.isnan(value):
                    known[name] = value
        return found


def last_answers(strategy: Strategy, panel: Columns) -> list[Answer]:
    """The answers on the panel's newest bar that enter or exit, in symbol order.

    Give it at least `bars_needed(strategy)` bars of each symbol. A symbol without that bar says
    nothing: what it said on an older one is past.
    """
    if not len(panel.ts):
        return []
    return all_answers(strategy, panel).on(panel.ts.max())


def all_answers(strategy: Strategy, panel: Columns) -> Answers:
    """The answers on every bar of the panel."""
    rows = len(panel.close)
    enter, leave = np.zeros(rows, np.int8), np.zeros(rows, np.bool_)
    strength, stop = np.zeros(rows), np.full(rows, np.nan)
    features: dict[str, Floats] = {}
    for span, bars in _batches(panel, bool(getattr(strategy, "stackable", False))):
        rules = strategy.rules(bars)
        _check(strategy, bars, rules)
        enter[span] = rules.enter.reshape(-1)
        leave[span] = rules.exit.reshape(-1)
        strength[span] = rules.strength.reshape(-1)
        stop[span] = rules.stop.reshape(-1)
        for name, values in rules.features.items():
            if name not in features:
                features[name] = np.full(rows, np.nan)
            features[name][span] = values.reshape(-1)
    return Answers(
        strategy=strategy,
        symbols=panel.symbols,
        offsets=panel.offsets,
        ts=panel.ts,
        price=panel.open if strategy.decides is Moment.OPEN else panel.close,
        enter=enter,
        exit=leave,
        strength=strength,
        stop=stop,
        since=_run_starts(enter, panel.offsets),
        features=features,
    )


def _run_starts(enter: NDArray[np.int8], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    rows = np.arange(len(enter))
    begins = np.ones(len(enter), np.bool_)
    np.not_equal(enter[1:], enter[:-1], out=begins[1:])
    begins[offsets[:-1][np.diff(offsets) > 0]] = True
    starts = np.maximum.accumulate(np.where(begins, rows, 0))
    return np.maximum(starts, rows - RUN_BARS)


def _batches(panel: Columns, stackable: bool) -> Iterator[tuple[slice, Bars]]:
    """The panel's bars: symbol by symbol, or neighbours with as many bars stacked (symbols, n)."""
    counts = np.diff(panel.offsets).tolist()
    start = 0
    while start < len(counts):
        stop = start + 1
        if stackable:
            while stop < len(counts) and stop - start < _CHUNK and counts[stop] == counts[start]:
                stop += 1
        span = slice(int(panel.offsets[start]), int(panel.offsets[stop]))
        if counts[start]:
            if stop - start == 1:
                yield span, panel[panel.symbols[start]]
            else:
                yield span, _stacked(panel, span, (stop - start, counts[start]))
        start = stop


def _stacked(panel: Columns, span: slice, shape: tuple[int, int]) -> Bars:
    return Bars(
        "",
        panel.ts[span].reshape(shape),
        panel.open[span].reshape(shape),
        panel.high[span].reshape(shape),
        panel.low[span].reshape(shape),
        panel.close[span].reshape(shape),
        panel.volume[span].reshape(shape),
    )


def _check(strategy: Strategy, bars: Bars, rules: Rules) -> None:
    parts = (rules.enter, rules.exit, rules.strength, rules.stop, *rules.features.values())
    if any(part.shape != bars.close.shape for part in parts):
        raise DataError(
            f"{strategy.name} answered {bars.symbol or 'a batch'} with arrays that are not as "
            f"long as its bars"
        )
