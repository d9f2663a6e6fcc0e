"""Monthly frames laid into one panel, each run of bars copied once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from market.panel import PRICES, Panel, floats, stamps
from trading.errors import DataError

Ints = NDArray[np.int64]
COLUMNS = ("ts", *PRICES)
_MANY = 32  # fewer evenly spaced runs than this are not worth a block of their own
_HANDS = 3  # columns laid at a time; the copies wait for memory, not for a core
_BATCH = 16  # months in memory at once beside the panel: a year and its edges in one


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Which symbols a month holds, in order, and how many bars of each."""

    symbols: str  # one a line, so that months holding the same symbols compare at once
    lengths: Ints

    @classmethod
    def of(cls, symbol: pl.Series) -> "Runs":
        """Of a sorted symbol column."""
        runs = symbol.rle().struct.unnest()
        return cls("\n".join(runs["value"]), runs["len"].to_numpy().astype(np.int64))

    @classmethod
    def parse(cls, symbols: str, lengths: str) -> "Runs":
        """From what `symbols` and `written` were."""
        pairs = [pair.split("*") for pair in lengths.split()]
        sizes, counts = ([int(pair[i]) for pair in pairs] for i in (0, 1))
        return cls(symbols, np.repeat(np.array(sizes, np.int64), counts))

    def written(self) -> str:
        """The lengths as text: "21*480 20*1 21*22" is 480 symbols of 21 bars, one of 20, …"""
        return " ".join(f"{size}*{len(list(same))}" for size, same in groupby(self.lengths))


@dataclass(frozen=True, slots=True, eq=False)
class _Copies:
    """How one month's column goes into the panel's."""

    blocks: list[tuple[int, int, int, int, int, int]]  # runs, bars each, from, to, steps of both
    source: Ints  # the remaining rows, one by one
    target: Ints

    def copy(self, column: NDArray[Any], out: NDArray[Any]) -> None:
        for runs, bars, source, target, source_step, target_step in self.blocks:
            shape, size = (runs, bars), out.itemsize
            rows = as_strided(column[source:], shape, (source_step * size, size))
            as_strided(out[target:], shape, (target_step * size, size))[...] = rows
        out[self.target] = column[self.source]


def stack(
    months: Sequence[Runs],
    load: Callable[[int, int], Sequence[pl.DataFrame]],
    n: int | None = None,
) -> Panel:
    """One panel from months in order of time; each symbol's last `n` bars, or all.

    `load(i, j)` gives the frames of months[i:j]; each is sorted by (symbol, ts) and later than
    the one before. DataError if a frame is not as long as its runs say.
    """
    symbols, offsets, copies = _layout(months, n)
    rows = int(offsets[-1])
    if not rows:
        return Panel.empty()
    out: dict[str, NDArray[Any]] = {name: np.empty(rows) for name in PRICES}
    out["ts"] = np.empty(rows, "datetime64[us]")

    def lay(name: str, first: int, frames: Sequence[pl.DataFrame]) -> None:
        for place, frame in enumerate(frames, first):
            values = stamps(frame[name]) if name == "ts" else floats(frame[name])
            copies[place].copy(values, out[name])

    # polars and numpy work without Python's lock: the next batch comes in while this one is
    # laid, column beside column.
    with ThreadPoolExecutor(1, "bars") as reader, ThreadPoolExecutor(_HANDS, "lay") as hands:
        coming = reader.submit(load, 0, _BATCH)
        for first in range(0, len(months), _BATCH):
            frames = coming.result()
            if first + _BATCH < len(months):
                coming = reader.submit(load, first + _BATCH, first + 2 * _BATCH)
            for place, frame in enumerate(frames, first):
                if len(frame) != months[place].lengths.sum():
                    raise DataError("a month of bars is not as long as its footer says")
            list(hands.map(lambda name: lay(name, first, frames), out))  # noqa: B023
    return Panel(symbols, offsets, **out)


def _layout(months: Sequence[Runs], n: int | None) -> tuple[tuple[str, ...], Ints, list[_Copies]]:
    """All symbols, the panel's offsets, and each month's copies into it."""
    symbols, codes = _coded(months)
    total = np.zeros(len(symbols), np.int64)
    for code, month in zip(codes, months, strict=True):
        total[code] += month.lengths
    kept = total if n is None else np.minimum(total, n)
    offsets = np.zeros(len(total) + 1, np.int64)
    np.cumsum(kept, out=offsets[1:])
    # Row 0 of a symbol's history would lie here; what falls before its offset is dropped.
    at = offsets[:-1] - (total - kept)
    copies = []
    for code, month in zip(codes, months, strict=True):
        source = np.cumsum(month.lengths) - month.lengths
        target = at[code]
        at[code] += month.lengths
        dropped = np.clip(offsets[code] - target, 0, month.lengths)
        copies.append(_arranged(source + dropped, target + dropped, month.lengths - dropped))
    return symbols, offsets, copies


def _coded(months: Sequence[Runs]) -> tuple[tuple[str, ...], list[Ints]]:
    """All symbols in order, and each month's as places among them. Months mostly agree."""
    lists = {m.symbols: m.symbols.split("\n") if m.symbols else [] for m in months}
    symbols = tuple(sorted(set().union(*lists.values())))
    place = {symbol: i for i, symbol in enumerate(symbols)}
    codes = {text: np.array([place[s] for s in names], np.int64) for text, names in lists.items()}
    return symbols, [codes[m.symbols] for m in months]


def _arranged(source: Ints, target: Ints, length: Ints) -> _Copies:
    """Evenly spaced runs of one length become strided blocks, the others go by index."""
    steps = np.stack([np.diff(source), np.diff(target), np.diff(length)])
    turns = np.any(steps[:, 1:] != steps[:, :-1], axis=0) | (steps[2, 1:] != 0)
    # A block ends where a step differs from the one before; its first run may start the next.
    edges = np.concatenate([[0], np.flatnonzero(turns) + 2, [len(length)]])
    blocks = []
    rest = np.ones(len(length), bool)
    for i, j in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if j - i >= _MANY and length[i] == length[i + 1] and length[i]:
            step = int(source[i + 1] - source[i]), int(target[i + 1] - target[i])
            blocks.append((j - i, int(length[i]), int(source[i]), int(target[i]), *step))
            rest[i:j] = False
    many = length[rest]
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    rows = np.repeat(source[rest], many) + within
    return _Copies(blocks, rows, np.repeat(target[rest], many) + within)
