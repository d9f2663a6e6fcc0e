"""Many instruments' bars in contiguous columns."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading.bars import Bars, Floats
from trading.errors import DataError

Stamps = NDArray[np.datetime64]
PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Bars of many instruments, sorted by symbol, then ts; every column has shape (rows,).

    Instrument i has the rows offsets[i] : offsets[i + 1]. `panel["AAPL"]` is a zero-copy slice.
    Columns are read-only, because every slice shares them.
    """

    symbols: tuple[str, ...]
    offsets: NDArray[np.int64]  # (len(symbols) + 1,)
    ts: Stamps  # datetime64[us], the bars' open times in UTC
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    _place: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", {s: i for i, s in enumerate(self.symbols)})
        for column in (self.ts, self.open, self.high, self.low, self.close, self.volume):
            column.flags.writeable = False

    @classmethod
    def empty(cls) -> Self:
        nothing = [np.empty(0) for _ in PRICES]
        return cls((), np.zeros(1, np.int64), np.empty(0, "datetime64[us]"), *nothing)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        """From columns symbol, ts, open, high, low, close, volume in any order of rows.

        Raises DataError for a missing column or two bars with one (symbol, ts).
        """
        missing = [c for c in ("symbol", "ts", *PRICES) if c not in frame.columns]
        if missing:
            raise DataError(f"bars lack the column {missing[0]!r}")
        if frame.is_empty():
            return cls.empty()
        runs = frame["symbol"].rle().struct.unnest()
        ts = stamps(frame["ts"])
        ascending = np.empty(len(ts), bool)
        ascending[:1] = True
        np.greater(ts[1:], ts[:-1], out=ascending[1:])
        ascending[np.cumsum(runs["len"].to_numpy())[:-1]] = True
        values = runs["value"]
        if not (values.is_sorted() and values.n_unique() == len(values) and ascending.all()):
            frame = frame.sort("symbol", "ts")
            runs = frame["symbol"].rle().struct.unnest()
            ts = stamps(frame["ts"])
            same = np.zeros(len(ts), bool)
            np.equal(ts[1:], ts[:-1], out=same[1:])
            same[np.cumsum(runs["len"].to_numpy())[:-1]] = False
            if same.any():
                row = int(same.argmax())
                raise DataError(f"{frame['symbol'][row]} has two bars at {ts[row]}")
        offsets = np.zeros(len(runs) + 1, np.int64)
        np.cumsum(runs["len"].to_numpy(), out=offsets[1:])
        columns = [floats(frame[name]) for name in PRICES]
        return cls(tuple(runs["value"].to_list()), offsets, ts, *columns)

    def __len__(self) -> int:
        """How many instruments; `rows` counts bars."""
        return len(self.symbols)

    def __iter__(self) -> Iterator[str]:
        return iter(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._place

    def __getitem__(self, symbol: str) -> Bars:
        """That instrument's bars as views; KeyError for one that is not here."""
        place = self._place[symbol]
        span = slice(int(self.offsets[place]), int(self.offsets[place + 1]))
        return Bars(
            symbol,
            self.ts[span],
            self.open[span],
            self.high[span],
            self.low[span],
            self.close[span],
            self.volume[span],
        )

    @property
    def rows(self) -> int:
        return len(self.close)

    @property
    def last_bar(self) -> np.datetime64 | None:
        """The newest bar of any instrument, or None for an empty panel."""
        return self.ts.max() if self.rows else None

    def only(self, symbols: Collection[str]) -> Self:
        """Those instruments that are among `symbols`, in symbol order; a copy."""
        places = [i for i, symbol in enumerate(self.symbols) if symbol in symbols]
        spans = [np.arange(self.offsets[i], self.offsets[i + 1]) for i in places]
        rows = np.concatenate(spans) if spans else np.empty(0, np.int64)
        offsets = np.zeros(len(places) + 1, np.int64)
        np.cumsum([len(span) for span in spans], out=offsets[1:])
        columns = [getattr(self, name)[rows] for name in ("ts", *PRICES)]
        return type(self)(tuple(self.symbols[i] for i in places), offsets, *columns)

    def tail(self, n: int) -> Self:
        """Each instrument's last `n` bars, or all it has; a copy."""
        counts = np.diff(self.offsets)
        kept = np.minimum(counts, n)
        if (kept == counts).all():
            return self
        offsets = np.zeros_like(self.offsets)
        np.cumsum(kept, out=offsets[1:])
        # row r of instrument i comes from the end of its span
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[1:] - offsets[1:], kept)
        columns = [getattr(self, name)[rows] for name in ("ts", *PRICES)]
        return type(self)(self.symbols, offsets, *columns)

    def rectangle(self, n: int, column: str = "close") -> Floats:
        """One column as (symbols, n), right-aligned on each last bar, NaN where there are fewer."""
        values: Floats = getattr(self, column)
        out = np.full((len(self), n), np.nan)
        back = self.offsets[1:, None] - n + np.arange(n)
        here = back >= self.offsets[:-1, None]
        out[here] = values[back[here]]
        return out

    def frame(self) -> pl.DataFrame:
        """The same bars as a polars frame, ts in UTC."""
        symbol = np.repeat(np.array(self.symbols, object), np.diff(self.offsets))
        columns = {name: getattr(self, name) for name in ("ts", *PRICES)}
        return pl.DataFrame({"symbol": pl.Series(symbol, dtype=pl.String), **columns}).with_columns(
            pl.col("ts").dt.replace_time_zone("UTC")
        )


def stamps(column: pl.Series) -> Stamps:
    """A polars Date or Datetime column as datetime64[us], without its zone (UTC)."""
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    return column.dt.cast_time_unit("us").cast(pl.Int64).to_numpy().view("datetime64[us]")


def floats(column: pl.Series) -> Floats:
    """A numeric polars column as float64, a view where it can be; null becomes NaN."""
    if column.dtype != pl.Float64:
        column = column.cast(pl.Float64)
    return column.to_numpy() if column.null_count() == 0 else column.fill_null(np.nan).to_numpy()
