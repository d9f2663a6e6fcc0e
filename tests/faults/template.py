"""What a fresh data folder of a trial holds: two months of the shipped sample."""

import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from settings import load
from tests.faults.clock import MARKET
from trading.types import Mode

TOKEN = "4242:a-token-for-nobody-but-these-trials"
AUTO, MANUAL = "mean_reversion", "weekly_trend"  # who decides what each proposes

INSTRUMENTS = 120  # of the sample: each start of a worker reads them


@cache
def stocked() -> Path:
    """A folder with bars, instruments and the calendar, made once a process."""
    import atexit

    import polars as pl

    from market.instruments import InstrumentBook
    from market.sample import sample_bars, sample_instruments
    from market.store import BarStore
    from wiring import calendar_of

    folder = Path(tempfile.mkdtemp(prefix="qd-stock-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    since = datetime(MARKET.year, MARKET.month - 1, 1, tzinfo=UTC)
    kept = sample_instruments().all()[:INSTRUMENTS]
    bars = sample_bars().filter(
        (pl.col("ts") >= since) & pl.col("symbol").is_in([one.symbol for one in kept])
    )
    BarStore(folder / "market").write(bars)
    InstrumentBook(kept).save(folder / "instruments.json")
    calendar_of(load(data=folder, operators=[]))  # writes what it had to compute
    return folder


def stock(data: Path) -> None:
    """Make `data` such a folder; the bars are shared."""
    data.mkdir(parents=True, exist_ok=True)
    for found in stocked().iterdir():
        if found.name == "market":
            (data / "market").symlink_to(found)
        elif found.is_dir():
            shutil.copytree(found, data / found.name)
        else:
            shutil.copy(found, data)


def chosen(data: Path, database: str, redis: str, operators: tuple[int, ...]) -> dict[str, object]:
    """Settings under which many small orders go: nothing is ever refused for want of money."""
    plan = {"allocation": "1", "position": "0.0001", "max_positions": 1000, "cards": 0}
    return {
        "mode": "paper",
        "data": str(data),
        "database": database,
        "redis": redis,
        "telegram_token": TOKEN,
        "operators": [{"id": one, "name": f"Operator {one}"} for one in operators],
        "capital": "1000000000",
        "strategies": {
            AUTO: {**plan, "mode": Mode.AUTO.value},
            MANUAL: {**plan, "cards": 10},
        },
        # The market's time stands still here: nothing that passes with it may be waited for.
        "limits": {
            "gross_notional": "10",
            "net_exposure": "10",
            "sector": "10",
            **dict.fromkeys(("duplicate", "rate", "rate_symbol", "losses", "rejects", "stops"), 0),
        },
        "backup": {"keep": 1},
    }
