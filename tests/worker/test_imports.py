"""The import job: files become bars, a bad one an alert, new sessions a scan."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import watched
from folder import bars_folder
from market.store import BarStore
from settings import ImportSettings, Settings
from tests.test_intake import HEAD
from tests.worker.synthetic import STRATEGY, Station, station
from tests.world import MONDAY
from trading.facts import Lane, Notice, Run, RunState
from worker import imports, jobs


class Floor:
    """The station with a watched folder; market and wall stand after Monday's close."""

    def __init__(self, s: Station, root: Path) -> None:
        self.s = s
        self.folder = root / "drop"
        self.folder.mkdir()
        settings = Settings(data=root, imports=ImportSettings(folder=str(self.folder)))
        self.store = BarStore(bars_folder(settings))
        self.news = partial(watched.news, settings)
        self.research = replace(s.research, look=partial(watched.look, settings))

    def put(self, name: str, text: str) -> None:
        file = self.folder / name
        file.write_text(text)
        then = (self.s.w.desk.wall.now() - timedelta(minutes=1)).timestamp()
        os.utime(file, (then, then))

    async def work(self) -> list[Run]:
        """What the watching round and the heavy lane do; the import runs."""
        await imports.asked(self.s.w.desk, self.news)
        for run in await self.s.w.journal.read(Run, state=RunState.DUE, job=imports.JOB):
            await jobs.run(self.s.w.desk, self.research, run.id)
        return await self.s.w.journal.read(Run, job=imports.JOB)


async def floor(root: Path) -> Floor:
    return Floor(await station(root), root)


def bars(day: datetime) -> str:
    return HEAD + f"{day:%Y-%m-%d},10,10,10,10,1\n"


async def test_a_file_becomes_bars_and_a_scan_of_the_session_it_brought(tmp_path: Path) -> None:
    f = await floor(tmp_path)
    f.put("IBM.csv", bars(datetime(MONDAY.year, MONDAY.month, MONDAY.day)))
    [run] = await f.work()
    assert (run.state, run.outcome) == (RunState.DONE, "1 file: 1 bars new, 0 changed")
    [scan] = await f.s.w.journal.read(Run, job=f"scan:{STRATEGY.name}")
    assert (scan.state, scan.due_at) == (RunState.DUE, f.s.w.clock.at)
    assert await f.work() == [run], "nothing is new, so nothing is written"


async def test_old_bars_ask_for_no_scan(tmp_path: Path) -> None:
    f = await floor(tmp_path)
    f.put("IBM.csv", bars(datetime(2025, 1, 13)))
    await f.work()
    assert await f.s.w.journal.count(Run, job=f"scan:{STRATEGY.name}") == 0


async def test_a_bad_file_is_told_once(tmp_path: Path) -> None:
    f = await floor(tmp_path)
    f.put("IBM.csv", HEAD + "2025-01-13,10,10,10,ten,1\n")
    f.put("GE.csv", bars(datetime(2025, 1, 13)))
    [run] = await f.work()
    assert run.state is RunState.FAILED
    assert run.outcome == "IBM.csv line 2: close is 'ten', which is no number"
    told = await f.s.w.journal.read(Notice, lane=Lane.CRITICAL)
    assert told
    assert all("IBM.csv line 2" in str(notice.body) for notice in told)
    assert await f.work() == [run]
    assert f.store.read().symbols == ("GE",), "the good one was taken"


async def test_one_run_waits_at_a_time(tmp_path: Path) -> None:
    f = await floor(tmp_path)
    f.put("IBM.csv", bars(datetime(2025, 1, 13)))
    assert await imports.asked(f.s.w.desk, f.news)
    assert not await imports.asked(f.s.w.desk, f.news)


async def test_without_a_folder_the_job_says_so(tmp_path: Path) -> None:
    f = await floor(tmp_path)
    [run] = await f.s.w.journal.append([Run(imports.JOB, f.s.w.clock.at)])
    await jobs.run(f.s.w.desk, f.s.research, run.id)
    found = await f.s.w.journal.first(Run, id=run.id)
    assert found is not None
    assert found.state is RunState.DONE
    assert found.outcome == "no folder is watched; [imports] folder names one"
