"""The shipped sample: five years of daily bars of the S&P 500. See sample/README.md."""

from pathlib import Path

import numpy as np
import polars as pl

from market.instruments import InstrumentBook
from market.ohlcv import SCHEMA
from market.store import BarStore
from trading.errors import ConfigError

SAMPLE = Path(__file__).resolve().parent.parent / "sample"


def sample_bars(folder: Path = SAMPLE) -> pl.DataFrame:
    """The sample's bars, in the store's columns; exactly the source's prices.

    The file holds whole ten-thousandths of a dollar, each bar relative to the close before it
    (a third smaller so): open = previous close + gap, close = open + body, high and low lie
    upper and lower beyond the two.
    """
    bars = _read(folder / "sp500_daily.parquet")
    gap, body, upper, lower = (
        bars[c].to_numpy().astype(np.int64) for c in ("gap", "body", "upper", "lower")
    )
    lengths = bars["symbol"].rle().struct.unnest()["len"].to_numpy().astype(np.int64)
    close = np.cumsum(gap + body)
    ends = np.cumsum(lengths)
    # a symbol's first gap counts from zero, not from the last close of the symbol before
    carried = np.concatenate([[0], close[ends[:-1] - 1]]) if len(ends) else np.zeros(0, np.int64)
    close -= np.repeat(carried, lengths)
    opens = close - body
    # numpy's division rounds to the nearest double, which is what the decimal reads as
    return pl.DataFrame(
        {
            "symbol": bars["symbol"],
            "ts": bars["session"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "open": opens / 10_000.0,
            "high": (np.maximum(opens, close) + upper) / 10_000.0,
            "low": (np.minimum(opens, close) - lower) / 10_000.0,
            "close": close / 10_000.0,
            "volume": bars["volume"].cast(pl.Float64),
        },
        schema=SCHEMA,
    )


def sample_instruments(folder: Path = SAMPLE) -> InstrumentBook:
    """The sample's 503 stocks."""
    return InstrumentBook.from_parquet(folder / "sp500_symbols.parquet")


def sample_actions(folder: Path = SAMPLE) -> pl.DataFrame:
    """Dividends and splits: symbol, date, dividends (USD a share), split_ratio (0 for none).

    The bars are adjusted for both already: nothing of this is to be booked on top of them.
    """
    return _read(folder / "sp500_dividends_splits.parquet")


def unpack_sample(root: Path, folder: Path = SAMPLE) -> BarStore:
    """The store under `root` holding the sample's bars; writes them unless it reaches as far."""
    store = BarStore(root)
    stored = store.known_through
    bars = sample_bars(folder)
    if stored is None or stored < bars["ts"].max():  # type: ignore[operator]
        store.write(bars)
    return store


def _read(file: Path) -> pl.DataFrame:
    if not file.is_file():
        raise ConfigError(f"the sample file {file} is missing; fetch the whole repository")
    return pl.read_parquet(file)
