"""A strategy that the schedule squares off before the close."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.halt import in_force
from settings import StrategySettings
from tests.desk.floor import TUESDAY, floor, hold, net
from tests.world import World, timetable
from trading.errors import ConfigError
from trading.facts import Run, RunState
from worker import jobs, rounds
from worker.schedule import due_runs


async def scheduled(when: str = "close-10m") -> World:
    w = await floor()
    w.desk.plans = {**w.desk.plans, "dip": replace(w.desk.plan("dip"), squareoff=when)}
    timetable(w.desk)
    return w


async def carried(w: World) -> list[Run]:
    w.go(TUESDAY, 20, 50)
    found = [run for run in await due_runs(w.desk) if run.job == "squareoff:dip"]
    for run in found:
        await jobs.run(w.desk, None, run.id)  # type: ignore[arg-type]  # it reads no bar
    return found


async def test_it_closes_that_strategy_ten_minutes_before_the_close_and_halts_nothing():
    w = await scheduled()
    await hold(w, "buy 10 AAPL")
    await hold(w, "buy 3 AAPL", strategy="gap")
    w.go(TUESDAY, 20, 49)
    due = [run for run in await due_runs(w.desk) if run.job == "squareoff:dip"]
    assert due == [], "yesterday's is not made up for in the middle of the day"
    assert len(await carried(w)) == 1
    await rounds.trade_once(w.desk, owner="t")
    assert await net(w) == {"AAPL": 3}
    assert await in_force(w.desk) == []
    w.clock.at += timedelta(seconds=1)
    await rounds.trade_once(w.desk, owner="t")
    saga = await w.journal.first(Run, job="squareoff")
    assert saga is not None
    assert saga.state is RunState.DONE


async def test_where_nothing_is_held_nothing_is_begun_or_told():
    w = await scheduled()
    [run] = await carried(w)
    done = await w.journal.first(Run, id=run.id)
    assert done is not None
    assert done.outcome == "dip: nothing to close"
    assert await w.journal.count(Run, job="squareoff") == 0


async def test_no_strategy_is_squared_off_that_does_not_ask_for_it():
    w = await floor()
    timetable(w.desk)
    assert not [name for name in w.desk.jobs if name.startswith("squareoff")]
    assert StrategySettings().squareoff == ""


async def test_a_time_that_cannot_be_read_is_refused_by_name():
    with pytest.raises(ConfigError, match="squareoff:dip"):
        await scheduled("teatime")
