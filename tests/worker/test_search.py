"""A search through the heavy lane: the same figures, whatever jobs are lost or doubled."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from folder import bars_folder
from market.store import BarStore
from research.course import Board
from research.pool import Bench, Unit, work
from research.queue import OPEN, Queue
from research.trials import key_of
from search import Prepared, Search, prepared
from settings import Settings
from strategies.registry import STRATEGIES
from tests.research.conftest import stocked
from tests.worker.synthetic import Station, station
from trading.errors import DeskError
from trading.facts import Run, RunState, Trial
from worker import jobs
from worker.research import Research

WANTED = Search("mean_reversion", ("width=1:2:0.5", "rsi_enter=30,40"), folds=2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return stocked(tmp_path_factory.mktemp("queue"))


def units(ready: Prepared) -> list[Unit]:
    return [Unit(params, ready.study.folds) for params in ready.grid.combinations()]


def alone(ready: Prepared) -> dict[tuple[str, int], str]:
    """What one process makes of it."""
    board = Board.of(ready.panel, ready.study.timeframe)
    bench = Bench(ready.base, board, ready.study.terms)
    return {
        (key_of({**ready.params(), **unit.params}), fold): text
        for unit in units(ready)
        for fold, text in work(bench, unit).items()
    }


Act = Callable[["Floor", list[Run]], Awaitable[None]]


@dataclass
class Floor:
    """The coordinator and its workers on one journal: while it rests, they do what is due."""

    ready: Prepared
    s: Station
    act: Act
    most: int = 0  # runs open at once
    looks: int = field(default=0)

    async def rest(self, seconds: float) -> None:
        self.looks += 1
        assert self.looks < 100
        self.s.w.clock.at += timedelta(seconds=seconds)
        due = await self.s.w.journal.read(Run, state=RunState.DUE)
        self.most = max(self.most, len(due))
        await self.act(self, due)

    async def do(self, run: Run) -> None:
        await jobs.run(self.s.w.desk, self.s.research, run.id)

    async def search(self) -> dict[tuple[str, int], str]:
        journal, found = self.s.w.journal, {}
        queue = Queue(journal, self.s.w.clock, self.ready.study, self.ready.params(), self.rest)
        async with aclosing(queue.run(units(self.ready))) as trials:
            async for some in trials:
                found.update({(one.params, one.fold): one.outcome for one in some})
        return found


async def everything(floor: Floor, due: list[Run]) -> None:
    for run in due:
        await floor.do(run)


async def floor(settings: Settings, folder: Path, act: Act, wanted: Search = WANTED) -> Floor:
    s = await station(folder)
    s.research = Research(BarStore(bars_folder(settings)), {})
    return Floor(prepared(settings, wanted), s, act)


async def test_the_lane_finds_what_one_process_finds(settings: Settings, tmp_path: Path):
    here = await floor(settings, tmp_path, everything)
    assert await here.search() == alone(here.ready)
    outcomes = {run.outcome for run in await here.s.w.journal.read(Run)}
    assert outcomes == {"mean_reversion: 2 folds evaluated"}


async def test_lost_and_doubled_jobs_change_nothing(settings: Settings, tmp_path: Path):
    """One run in three is lost, one carried out twice, the last by two workers at once."""
    state = {"n": 0}

    async def carelessly(floor: Floor, due: list[Run]) -> None:
        journal = floor.s.w.journal
        for run in due:
            state["n"] += 1
            if state["n"] % 3 == 0:
                await journal.move(run, state=RunState.MISSED)
                continue
            await floor.do(run)
            again = Run(run.job, run.due_at + timedelta(days=state["n"]), args=run.args)
            [copy] = await journal.append([again])
            await floor.do(copy)

    here = await floor(settings, tmp_path, carelessly)
    assert await here.search() == alone(here.ready)
    assert await here.s.w.journal.count(Trial) == 12


async def test_what_was_found_before_is_not_asked_again(settings: Settings, tmp_path: Path):
    here = await floor(settings, tmp_path, everything)
    first = await here.search()
    runs = await here.s.w.journal.count(Run)
    assert await here.search() == first
    assert await here.s.w.journal.count(Run) == runs


async def test_only_a_few_runs_are_open_at_a_time(settings: Settings, tmp_path: Path):
    many = replace(WANTED, over=("rsi_enter=20:59",), folds=1)
    here = await floor(settings, tmp_path, everything, many)
    assert len(await here.search()) == 40
    assert here.most == OPEN


async def test_a_machine_with_other_bars_refuses_in_one_line(settings: Settings, tmp_path: Path):
    async def elsewhere(floor: Floor, due: list[Run]) -> None:
        floor.s.research = Research(floor.s.store, {})  # three made-up stocks
        await floor.do(due[0])

    here = await floor(settings, tmp_path, elsewhere)
    with pytest.raises(DeskError) as refused:
        await here.search()
    assert str(refused.value).startswith("a worker could not go on: this worker's bars (")
    assert str(refused.value).endswith(f"put the same bars into {here.s.store.folder}")
    states = {run.state for run in await here.s.w.journal.read(Run)}
    assert states == {RunState.FAILED, RunState.MISSED}, "what waited is taken back"


async def test_a_machine_with_other_code_refuses(settings: Settings, tmp_path: Path):
    here = await floor(settings, tmp_path, everything)
    here.ready = replace(here.ready, study=replace(here.ready.study, source="0" * 16))
    with pytest.raises(DeskError, match="this worker's code of mean_reversion is not that of"):
        await here.search()


async def test_without_a_worker_it_says_so_after_a_minute(settings: Settings, tmp_path: Path):
    async def nobody(floor: Floor, due: list[Run]) -> None:
        floor.s.w.clock.at += timedelta(seconds=20)

    here = await floor(settings, tmp_path, nobody)
    with pytest.raises(DeskError, match="no worker has taken a set for a minute: start the house"):
        await here.search()
    assert await here.s.w.journal.count(Run, state=RunState.DUE) == 0


async def test_runs_that_end_without_a_result_do_not_go_round_for_ever(
    settings: Settings, tmp_path: Path
):
    async def lose(floor: Floor, due: list[Run]) -> None:
        for run in due:
            await floor.s.w.journal.move(run, state=RunState.MISSED)

    here = await floor(settings, tmp_path, lose)
    with pytest.raises(DeskError, match="workers finish .* without a result; see their log"):
        await here.search()


async def test_a_default_written_as_a_whole_number_is_still_its_set(
    settings: Settings, tmp_path: Path
):
    """A user may write `width: float = 2`; the worker reads it as 2.0 and must not rename it."""
    here = await floor(settings, tmp_path, everything)
    base = replace(STRATEGIES["mean_reversion"], stop_atrs=3)  # type: ignore[type-var]
    here.ready = replace(here.ready, base=base)
    found = await here.search()
    assert len(found) == 12
    assert all('"stop_atrs":3,' in key for key, _ in found)
