"""A small bar store made by hand: one stock that dips, one that recovered, one that drifts."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk.desk import Plan
from market.history import HistoryFeed
from market.store import BarStore
from strategies.registry import STRATEGIES
from tests.world import MONDAY, Stocks, Weekdays, World, timetable, world
from trading.clocks import SimulatedClock
from trading.types import Mode
from worker.research import Research

STRATEGY = STRATEGIES["mean_reversion"]
BARS = 300


def weekdays(last: date, count: int) -> list[date]:
    days = (last - timedelta(days=n) for n in range(2 * count))
    return sorted([day for day in days if day.weekday() < 5][:count])


def closes() -> dict[str, np.ndarray]:
    rise = 100 + np.arange(BARS) * 0.2 + np.sin(np.arange(BARS)) * 0.4
    dip, recovered = rise.copy(), rise.copy()
    dip[-3:] -= [3.0, 6.0, 9.0]
    recovered[-1] += 2.0
    return {"AAPL": dip, "MSFT": recovered, "NVDA": np.full(BARS, 50.0)}


def stored(folder: Path, last: date = MONDAY) -> BarStore:
    """300 weekdays up to `last`."""
    days = weekdays(last, BARS)
    frames = []
    for symbol, close in closes().items():
        opens = np.concatenate([close[:1], close[:-1]])
        frames.append(
            pl.DataFrame(
                {
                    "symbol": [symbol] * BARS,
                    "ts": days,
                    "open": opens,
                    "high": np.maximum(opens, close) + 0.5,
                    "low": np.minimum(opens, close) - 0.5,
                    "close": close,
                    "volume": np.full(BARS, 1e6),
                }
            )
        )
    store = BarStore(folder)
    store.write(pl.concat(frames))
    return store


@dataclass
class Station:
    w: World
    research: Research
    store: BarStore


async def station(folder: Path, *, mode: Mode = Mode.MANUAL) -> Station:
    """The world with real bars, their feed and the real strategy, five minutes after the close."""
    store = stored(folder)
    calendar = Weekdays()
    feed = HistoryFeed(store, calendar)
    clock = SimulatedClock(datetime.combine(MONDAY, time(21, 5), UTC))
    broker = PaperBroker(feed, clock, Stocks(*closes()), Costs(), cash=Decimal(100_000))
    w = await world(broker=broker)
    w.desk.feed = feed
    w.desk.market = w.desk.wall = w.clock = clock
    w.desk.plans = {STRATEGY.name: Plan(STRATEGY.name, mode=mode)}
    timetable(w.desk)
    return Station(w, Research(store, {STRATEGY.name: STRATEGY}), store)
