"""The bar store against one CSV a symbol, read by pandas in a loop."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import polars as pl

from benchmarks.line import Line, table
from benchmarks.sized import sized
from market.panel import PRICES, Panel
from market.store import BarStore


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


def run(symbols: int = 5_000, bars: int = 1_250, rounds: int = 3) -> list[Line]:
    """Both from files the system holds in memory; ours is on disk (fsync) when it returns."""
    everything = sized(symbols, bars + rounds + 1)
    times = everything["ts"].unique().sort()
    held = everything.filter(pl.col("ts") < times[bars])
    fresh = [everything.filter(pl.col("ts") == times[n]) for n in range(bars, len(times))]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        store = BarStore(root)
        store.write(held)
        _csv_files(root / "csv", held)
        kept = root / "kept"
        whole = store.read()
        assert whole.frame().equals(Panel.from_frame(held).frame())
        size = f"{symbols:,} x {bars:,}"
        panel_mb = whole.rows * 48 / 1e6
        disk_mb = sum(file.stat().st_size for file in store.folder.iterdir()) / 1e6
        del whole, everything, held

        def laid() -> float:
            shutil.rmtree(kept, ignore_errors=True)
            since = datetime(1970, 1, 1, tzinfo=UTC)  # a bound: laid anew, nothing kept
            return _touch(store.read(since=since))

        def csv_loop() -> float:
            bars = pd.concat(_read_csvs(root / "csv"), names=["symbol"])
            return float(bars[list(PRICES)].sum().sum())

        note = f"{panel_mb:.0f} MB of columns from {disk_mb:.0f} MB of files, every value summed"
        csv = "one CSV a symbol, pandas loop"
        read = Line.measured(f"read {size}, laid anew", laid, csv, csv_loop, rounds, note=note)
        again = Line.measured(
            f"read {size} again, kept and mapped",
            lambda: _touch(store.read()),
            csv,
            csv_loop,
            rounds,
            note="every value summed",
        )
        coming, arriving = iter(fresh), iter(fresh)

        def ours() -> object:
            store.write(next(coming))
            return store.latest(250)

        def theirs() -> object:
            _append_csvs(root / "csv", next(arriving))
            tails = {symbol: t.tail(250) for symbol, t in _read_csvs(root / "csv").items()}
            return pd.concat(tails, names=["symbol"])

        append = Line.measured(
            f"append a day to {size}, read the latest 250",
            ours,
            "a line to each CSV, read all, tail",
            theirs,
            rounds,
        )
    return [read, again, append]


if __name__ == "__main__":
    print(table(run()))
