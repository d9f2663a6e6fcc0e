"""`quarterdeck import trades` of 100,000 rows into an empty desk, from the file to the report.

Two kinds of file: transactions (symbol, amount, price, date) and our own export of the same fills.
Each run is a process of its own, with SQLite on disk. The alternative reads the same CSV with
pandas, adds up positions and cash as floats and writes the rows into a table, unchecked.
"""

import csv
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

from benchmarks.apart import apart, peak_mb
from benchmarks.ledger import FILLS, fills
from benchmarks.line import Line, table
from trading.orders import Fill


@dataclass(frozen=True, slots=True)
class Run:
    milliseconds: float
    peak_mb: float


async def _imported(file: Path) -> Run:
    from imported import Wanted, bring
    from settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        said, status = await bring(Settings(data=Path(folder)), [file], Wanted())
        taken = (time.perf_counter() - start) * 1e3
    assert status == 0, said
    assert f"imported    {FILLS:,} rows" in said, said
    return Run(taken, peak_mb())


async def _read(file: Path) -> Run:
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        rows = pd.read_csv(file, parse_dates=["at"])
        signed = rows["quantity"].where(rows["side"] == "buy", -rows["quantity"])
        rows.assign(signed=signed).groupby(["strategy", "symbol"])["signed"].sum()
        rows.assign(cash=-signed * rows["price"] - rows["fee"]).groupby(rows["at"].dt.date).sum(
            numeric_only=True
        )
        with closing(sqlite3.connect(Path(folder) / "fills.db")) as there:
            rows.to_sql("fills", there, index=False)
        taken = (time.perf_counter() - start) * 1e3
    return Run(taken, peak_mb())


def _export(file: Path) -> None:
    """As `quarterdeck export` writes them."""
    from statements.own import shown

    names = [one.name for one in fields(Fill)]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(name for name in names if name != "id")
        for fill in fills(FILLS):
            cells = zip(names, astuple(fill), strict=True)
            writer.writerow(shown(value) for name, value in cells if name != "id")


def _transactions(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("date", "symbol", "amount", "price", "fee"))
        for fill in fills(FILLS):
            signed = fill.quantity * fill.side.sign
            writer.writerow((fill.at.isoformat(), fill.symbol, signed, fill.price, fill.fee))


def run(rounds: int = 2) -> list[Line]:
    lines = []
    with tempfile.TemporaryDirectory() as name:
        own, listed = Path(name) / "fills.csv", Path(name) / "transactions.csv"
        _export(own)
        _transactions(listed)
        for kind, file in (("transactions", listed), ("our own export", own)):
            pairs = [(apart(_imported, file), apart(_read, own)) for _ in range(rounds)]
            ours = median(mine.milliseconds for mine, _ in pairs)
            other = median(theirs.milliseconds for _, theirs in pairs)
            peak = max(mine.peak_mb for mine, _ in pairs)
            lines.append(
                Line(
                    f"import trades, {FILLS:,} rows: {kind}",
                    ours,
                    "pandas: read_csv, float sums, to_sql",
                    other,
                    other / ours,
                    f"checked, folded, on disk; peak {peak:.0f} MB",
                )
            )
    return lines


if __name__ == "__main__":
    print(table(run()))
