"""A whole scheduled scan: read the store, ask the rules, record the signals."""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.line import Line, table
from benchmarks.sized import sized
from brokers.paper import PaperBroker
from db.journal import OrmJournal, open_journal
from desk.desk import Desk, Plan
from market.calendars import ExchangeCalendar
from market.history import HistoryFeed
from market.instruments import InstrumentBook
from market.store import BarStore
from strategies.registry import find
from trading.clocks import SimulatedClock
from trading.facts import Run
from trading.signals import Signal
from trading.types import Instrument
from wiring import Silence
from worker import jobs
from worker.research import Research

STRATEGY = "mean_reversion"


async def _ours(root: Path, rounds: int) -> tuple[list[float], int]:
    store = BarStore(root)
    names = store.latest(1).symbols
    calendar = ExchangeCalendar.open("XNYS", root / "calendars")
    clock = SimulatedClock(HistoryFeed(store, calendar).known_through())
    instruments = InstrumentBook(Instrument(name) for name in names)
    strategy = find(STRATEGY)
    research = Research(store, {STRATEGY: strategy})
    spans = []
    found = 0
    for number in range(rounds + 1):
        async with open_journal(root / f"desk-{number}.sqlite3") as journal:
            desk = _desk(journal, clock, store, calendar, instruments)
            [run] = await journal.append([Run(f"scan:{STRATEGY}", clock.at)])
            start = time.perf_counter()
            await jobs.run(desk, research, run.id)
            spans.append((time.perf_counter() - start) * 1e3)
            found = await journal.count(Signal)
    return spans[1:], found


def _desk(
    journal: OrmJournal,
    clock: SimulatedClock,
    store: BarStore,
    calendar: ExchangeCalendar,
    instruments: InstrumentBook,
) -> Desk:
    feed = HistoryFeed(store, calendar)
    broker = PaperBroker(feed, clock, instruments)
    plan = Plan(STRATEGY, cards=0)
    return Desk(
        journal=journal,
        market=clock,
        wall=clock,
        feed=feed,
        instruments=instruments,
        calendar=calendar,
        brokers={broker.name: broker},
        plans={STRATEGY: plan},
        bell=Silence(),
        desk_id="bench",
    )


def _pandas(frame: pd.DataFrame) -> int:
    """The same rules, as they are mostly written: a group a symbol, rolling windows."""

    def last(bars: pd.DataFrame) -> bool:
        close = bars["close"]
        middle, width = close.rolling(20).mean(), close.rolling(20).std(ddof=0)
        change = close.diff()
        gain, loss = (
            change.clip(lower=0).rolling(14).mean(),
            -change.clip(upper=0).rolling(14).mean(),
        )
        rsi = 100 - 100 / (1 + gain / loss.replace(0, np.nan))
        trend = close.rolling(200).mean()
        enter = (close > trend) & (close < middle - 1.5 * width) & (rsi < 40)
        return bool(enter.iloc[-1])

    return int(frame.groupby("symbol").apply(last).sum())


def run(symbols: int = 5_000, bars: int = 250, rounds: int = 3) -> list[Line]:
    """The alternative only computes: it neither reads nor records."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        frame = sized(symbols, bars)
        BarStore(root).write(frame)
        spans, found = asyncio.run(_ours(root, rounds))
        plain = pd.DataFrame({column: frame[column].to_numpy() for column in frame.columns})
        start = time.perf_counter()
        _pandas(plain)
        alternative = (time.perf_counter() - start) * 1e3
    ours = median(spans)
    return [
        Line(
            f"scheduled scan of {symbols:,} x {bars}: read, rules, record",
            ours,
            "rules alone, pandas group by group",
            alternative,
            alternative / ours,
            f"{found} signals recorded",
        )
    ]


if __name__ == "__main__":
    print(table(run()))
