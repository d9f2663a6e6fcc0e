"""The job that chooses the most traded, and the scan that does it when nobody has."""

from datetime import date
from pathlib import Path

from desk.desk import Plan
from tests.worker.synthetic import STRATEGY, Station, station
from tests.worker.test_jobs import SCAN, TUESDAY, due, ended
from tests.world import at
from trading.facts import Run, RunState
from trading.signals import Signal
from trading.universes import Selection, Universe
from worker import jobs


async def liquid(folder: Path, top: int) -> Station:
    """AAPL and MSFT trade about 1.6e8 a day, NVDA 5e7."""
    s = await station(folder)
    s.w.desk.universes = {"liquid": Universe("liquid", top=top)}
    s.w.desk.plans = {STRATEGY.name: Plan(STRATEGY.name, universe="liquid")}
    return s


async def run(s: Station, job: str) -> Run:
    [one] = await s.w.journal.append([Run(job, s.w.clock.at)])
    await jobs.run(s.w.desk, s.research, one.id)
    return await ended(s, one)


async def test_the_job_chooses_from_the_stored_bars(tmp_path: Path):
    s = await liquid(tmp_path, 2)
    done = await run(s, "universe")
    assert done.state is RunState.DONE
    assert done.outcome.startswith("liquid: 2 instruments by Fri 31 Jan")
    [row] = await s.w.journal.read(Selection)
    assert sorted(row.symbols) == ["AAPL", "MSFT"]
    assert row.session == date(2025, 1, 31)


async def test_a_scan_chooses_the_week_itself_and_enters_members_alone(tmp_path: Path):
    s = await liquid(tmp_path, 1)
    await jobs.run(s.w.desk, s.research, (await due(s)).id)
    [row] = await s.w.journal.read(Selection)
    signals = await s.w.journal.read(Signal)
    assert {x.symbol for x in signals} <= set(row.symbols)
    s.w.go(TUESDAY, 21, 5)
    assert (await run(s, SCAN)).state is RunState.DONE
    assert await s.w.journal.count(Selection) == 1, "once a week"


async def test_a_job_without_anything_to_choose_says_so(tmp_path: Path):
    s = await station(tmp_path)
    assert (await run(s, "universe")).outcome.startswith("no universe has a `top`")
    s.w.clock.at = at(TUESDAY, 22)
    failed = await run(s, "universe:atlantis")
    assert failed.state is RunState.FAILED
    assert "no universe called 'atlantis'" in failed.outcome
