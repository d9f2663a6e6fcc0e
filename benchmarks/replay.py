"""Replay over the sample: how long, how much memory, and how both grow."""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.line import Line, table
from db.journal import open_journal
from folder import bars_folder, install_sample
from market.sample import unpack_sample
from market.store import BarStore
from replay.engine import Script, replay
from replay.journal import MemoryJournal
from settings import Settings
from trading.clocks import SimulatedClock
from trading.money import Adjustment
from trading.ports import Journal
from trading.signals import Signal
from wiring import calendar_of, desk_of_replay, strategies


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    peak_mb: float
    signals: int


def _whole(folder: str, symbols: int, sessions: int, on_disk: bool) -> Run:
    """One replay in a process of its own, reading included, imports not."""
    return asyncio.run(_replay(Path(folder), symbols, sessions, on_disk))


async def _replay(folder: Path, symbols: int, count: int, on_disk: bool) -> Run:
    settings = Settings(data=folder)
    start = time.perf_counter()
    store = BarStore(bars_folder(settings))
    chosen = store.latest(1).symbols[:symbols]
    panel = store.read(symbols=chosen)
    days = panel.ts.astype("datetime64[D]")
    sessions = calendar_of(settings).sessions(days.min().item(), days.max().item())[-count:]
    clock = SimulatedClock(sessions[0].open)
    known = strategies(settings)

    async def through(journal: Journal) -> int:
        desk = desk_of_replay(settings, journal, clock, store, known)
        await journal.append(
            [Adjustment("paper", "opening", "deposit", settings.capital, "USD", clock.at)]
        )
        scripts = [Script.of(one, panel) for one in known.values()]
        await replay(desk, clock, scripts, sessions)
        return await journal.count(Signal)

    if on_disk:
        file = folder / f"replay-{time.time_ns()}.sqlite3"
        async with open_journal(file) as journal:
            start = time.perf_counter()
            signals = await through(journal)
    else:
        signals = await through(MemoryJournal())
    seconds = time.perf_counter() - start
    return Run(seconds, _peak_mb(), signals)


def _peak_mb() -> float:
    """This process's highest resident memory; ru_maxrss would count the parent it came from."""
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def run(rounds: int = 1) -> list[Line]:
    """The alternative is the same replay with its facts in SQLite, on the last 120 sessions."""
    del rounds
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(data=Path(name))
        install_sample(settings)
        unpack_sample(bars_folder(settings))
        calendar_of(settings)

        def apart(work: Callable[..., Run], *args: object) -> Run:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                return pool.submit(work, *args).result()

        ours = apart(_whole, name, 503, 120, False)
        disk = apart(_whole, name, 503, 120, True)
        lines = [
            Line(
                "replay, 503 stocks x 120 sessions, facts in memory",
                ours.seconds * 1e3,
                "facts in SQLite",
                disk.seconds * 1e3,
                disk.seconds / ours.seconds,
                f"{ours.signals} signals, peak {ours.peak_mb:.0f} MB",
            )
        ]
        full = apart(_whole, name, 503, 1255, False)
        for stocks in (100, 250):
            part = apart(_whole, name, stocks, 1255, False)
            lines.append(
                Line(
                    f"replay, {stocks} stocks x 1,255 sessions",
                    part.seconds * 1e3,
                    "503 stocks",
                    full.seconds * 1e3,
                    full.seconds / part.seconds,
                    f"{part.signals} signals, peak {part.peak_mb:.0f} MB; "
                    f"503 stocks: {full.signals} signals, peak {full.peak_mb:.0f} MB",
                )
            )
        return lines


if __name__ == "__main__":
    print(table(run()))
