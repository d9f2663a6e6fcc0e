"""An import of 600,000 daily bars against pandas' reading and a CSV written for each symbol."""

import shutil
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.line import Line, table
from intake import bring
from market.preparing import Wanted
from market.sample import sample_bars
from settings import Settings

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _split(frame: pd.DataFrame, folder: Path) -> None:
    """What a script without checks does: parse, group, one CSV a symbol."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for symbol, bars in frame.sort_values(["symbol", "ts"]).groupby("symbol"):
        bars.to_csv(folder / f"{symbol}.csv", index=False)


def run(rows: int = 600_000, rounds: int = 3) -> list[Line]:
    """Ours reads, checks, audits, merges into an empty store and is on disk; theirs checks none."""
    bars = sample_bars().head(rows)
    lines = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        csv, parquet = root / "bars.csv", root / "bars.parquet"
        bars.write_csv(csv, datetime_format="%Y-%m-%d")
        bars.write_parquet(parquet)
        settings = Settings(data=root / "data")

        def ours(file: Path) -> str:
            shutil.rmtree(settings.data / "market", ignore_errors=True)
            return bring(settings, [file], Wanted(), NOW)

        assert f"stored      {rows:,} new" in ours(csv)
        for kind, file, size in (("CSV", csv, csv.stat()), ("Parquet", parquet, parquet.stat())):
            lines.append(
                Line.measured(
                    f"import {rows:,} bars from {kind}",
                    partial(ours, file),
                    "pandas: read_csv, to_csv a symbol",
                    lambda: _split(pd.read_csv(csv, parse_dates=["ts"]), root / "split"),
                    rounds,
                    note=f"{size.st_size / 1e6:.0f} MB; checked, gaps and moves told, on disk",
                )
            )
    return lines


if __name__ == "__main__":
    print(table(run()))
