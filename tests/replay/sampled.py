"""Part of the shipped sample in a folder, and desks that replay it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from desk.desk import Desk
from folder import bars_folder, instruments_file, prepare
from market.panel import Panel
from market.sample import sample_bars, sample_instruments
from market.store import BarStore
from replay.engine import Script, replay
from replay.journal import MemoryJournal
from settings import Settings, load
from strategies.answers import all_answers
from strategies.registry import STRATEGIES
from trading.clocks import SimulatedClock
from trading.money import Adjustment
from trading.ports import Session
from wiring import calendar_of, desk_of_replay

SINCE, UNTIL = date(2023, 3, 1), date(2024, 6, 28)
CASH = Decimal(100_000)
STRATEGY = STRATEGIES["mean_reversion"]


@dataclass(frozen=True)
class Sample:
    settings: Settings
    store: BarStore
    panel: Panel

    def sessions(self, first: date, last: date) -> list[Session]:
        return list(calendar_of(self.settings).sessions(first, last))


def sample(folder: Path) -> Sample:
    """Every eighth instrument over sixteen months, a year of them to warm up on."""
    settings = load(mode="demo", data=folder)
    prepare(settings)
    bars = sample_bars()
    symbols = bars["symbol"].unique(maintain_order=True)[::8]
    days = pl.col("ts").dt.date().is_between(SINCE, UNTIL)
    store = BarStore(bars_folder(settings))
    store.write(bars.filter(days, pl.col("symbol").is_in(symbols.implode())))
    sample_instruments().save(instruments_file(settings))
    return Sample(settings, store, store.read())


@dataclass
class Ship:
    """A desk of replay with its journal and its clock."""

    sample: Sample
    desk: Desk
    journal: MemoryJournal
    clock: SimulatedClock

    async def sail(self, sessions: list[Session], **how: Any) -> None:
        scripts = [Script(STRATEGY, all_answers(STRATEGY, self.sample.panel))]
        await replay(self.desk, self.clock, scripts, sessions, **how)


async def ship(sample: Sample, first: Session) -> Ship:
    journal, clock = MemoryJournal(), SimulatedClock(first.open)
    known = {STRATEGY.name: STRATEGY}
    desk = desk_of_replay(sample.settings, journal, clock, sample.store, known)
    await journal.append([Adjustment("paper", "opening", "deposit", CASH, "USD", clock.at)])
    return Ship(sample, desk, journal, clock)
