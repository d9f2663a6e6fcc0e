"""The bar store against one CSV a symbol, read by pandas in a loop."""

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import polars as pl

from benchmarks.line import Line, table
from benchmarks.sized import sized
from market.panel import PRICES, Panel
from market.store import BarStore

BACK = timedelta(days=14)  # the appended days then fall in the last month there is


def _csv_files(folder: Path, bars: pl.DataFrame) -> None:
    folder.mkdir()
    for (symbol,), one in bars.partition_by("symbol", as_dict=True, include_key=False).items():
        one.write_csv(folder / f"{symbol}.csv", datetime_format="%Y-%m-%d")


def _read_csvs(folder: Path) -> dict[str, pd.DataFrame]:
    return {
        file.stem: pd.read_csv(file, index_col="ts", parse_dates=["ts"])
        for file in folder.iterdir()
    }


def _append_csvs(folder: Path, day: pl.DataFrame) -> None:
    for symbol, ts, *prices in day.iter_rows():
        with (folder / f"{symbol}.csv").open("a") as file:
            file.write(f"{ts:%Y-%m-%d},{','.join(map(repr, prices))}\n")


def _touch(panel: Panel) -> float:
    """Every value read once, so that a mapped panel is really brought in."""
    return float(sum(getattr(panel, name).sum() for name in PRICES))


def _laid(root: Path) -> float:
    shutil.rmtree(root / "kept", ignore_errors=True)
    since = datetime(1970, 1, 1, tzinfo=UTC)  # a bound: laid anew, nothing kept
    return _touch(BarStore(root).read(since=since))


def _mapped(root: Path) -> float:
    return _touch(BarStore(root).read())


def _csv_loop(root: Path) -> float:
    bars = pd.concat(_read_csvs(root / "csv"), names=["symbol"])
    return float(bars[list(PRICES)].sum().sum())


def _day_after(day: pl.DataFrame, last: datetime) -> pl.DataFrame:
    return day.with_columns(ts=pl.lit(last + timedelta(days=1)))


def _append_and_read(root: Path, day: pl.DataFrame) -> int:
    store = BarStore(root)
    assert store.known_through is not None
    store.write(_day_after(day, store.known_through))
    return store.latest(250).rows


def _append_csvs_and_read(root: Path, day: pl.DataFrame) -> int:
    _append_csvs(root / "csv", day)
    tails = {symbol: t.tail(250) for symbol, t in _read_csvs(root / "csv").items()}
    return len(pd.concat(tails, names=["symbol"]))


def run(symbols: int = 5_000, bars: int = 1_250, rounds: int = 3) -> list[Line]:
    """Both from files the system holds in memory; ours is on disk (fsync) when it returns.

    Each side has a process of its own, since what one leaves in the heap slows the other.
    """
    held = sized(symbols, bars).with_columns(pl.col("ts") - BACK)
    day = held.filter(pl.col("ts") == pl.col("ts").max())
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        store = BarStore(root)
        store.write(held)
        _csv_files(root / "csv", held)
        whole = store.read()
        assert whole.frame().equals(Panel.from_frame(held).frame())
        size = f"{symbols:,} x {bars:,}"
        panel_mb = whole.rows * 48 / 1e6
        disk_mb = sum(file.stat().st_size for file in store.folder.iterdir()) / 1e6
        del whole, held
        spawn = get_context("spawn")
        with ProcessPoolExecutor(1, spawn) as mine, ProcessPoolExecutor(1, spawn) as other:

            def line(
                name: str,
                ours: Callable[[], object],
                alternative_name: str,
                theirs: Callable[[], object],
                note: str = "",
            ) -> Line:
                return Line.measured(
                    name,
                    lambda: mine.submit(ours).result(),
                    alternative_name,
                    lambda: other.submit(theirs).result(),
                    rounds,
                    settled=True,
                    note=note,
                )

            csv, csv_loop = "one CSV a symbol, pandas loop", partial(_csv_loop, root)
            note = f"{panel_mb:.0f} MB of columns from {disk_mb:.0f} MB of files, all values summed"
            return [
                line(f"read {size}, laid anew", partial(_laid, root), csv, csv_loop, note),
                line(
                    f"read {size} again, kept and mapped",
                    partial(_mapped, root),
                    csv,
                    csv_loop,
                    "all values summed",
                ),
                line(
                    f"append a day to {size}, read the latest 250",
                    partial(_append_and_read, root, day),
                    "a line to each CSV, read all, tail",
                    partial(_append_csvs_and_read, root, day),
                ),
            ]


if __name__ == "__main__":
    print(table(run()))
