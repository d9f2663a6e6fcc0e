"""What the tests of candles share: series made by hand, and a fetch from the stand-in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from market.candles import Patience
from market.crypto import CandleFeed, Fetched, Source
from market.store import BarStore
from tests.market import binance as stand_in
from tests.market.binance import Binance, Candle, binance

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
EAGER = Patience(attempts=4, wait=0.0, longest=0.02)


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def series(count: int, span: timedelta = DAY, start: datetime = START) -> list[Candle]:
    return [
        (ms(start + n * span), 100.0 + n, 102.0 + n, 99.0 + n, 101.0 + n, 10.0 + n)
        for n in range(count)
    ]


def feed(there: Binance, folder: Path, **changes: Any) -> CandleFeed:
    asked = {
        "name": "coins",
        "exchange": "binance",
        "symbols": ("BTC/USDT",),
        "since": START.date(),
        "timeframe": "1d",
    } | changes
    source = Source(url=there.url, timeout=0.5, patience=EAGER, **asked)
    return CandleFeed(source, folder, folder / "instruments.json")


def stored(folder: Path, timeframe: str = "1d", symbol: str = "BTC/USDT") -> list[tuple[Any, ...]]:
    frame = BarStore(folder, timeframe).read([symbol]).frame().drop("symbol")
    return [(ms(at), *prices) for at, *prices in frame.rows()]


async def fetched(
    folder: Path,
    candles: Sequence[Candle],
    now: datetime,
    *faults: stand_in.Fault,
    before: Sequence[Candle] = (),
) -> tuple[Fetched, Binance]:
    """BTC/USDT by the day; `before` is what an earlier fetch saw."""
    if before:
        async with binance({"BTCUSDT": {"1d": before}}) as there:
            await feed(there, folder).fetch(now)
    async with binance({"BTCUSDT": {"1d": candles}}) as there:
        there.faults = list(faults)
        return await feed(there, folder).fetch(now), there


async def answered(request: Any, rows: list[Any]) -> Any:
    return stand_in.web.json_response(rows)
