"""Upkeep: what is due is sent, old bars are told, and only what is old and done is forgotten."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.worker.synthetic import STRATEGY, Station, station
from tests.world import MONDAY, at
from trading.errors import DataError
from trading.facts import Notice, NoticeState, Run, RunState
from trading.orders import Order, OrderState
from trading.types import Side
from worker import upkeep

TUESDAY = MONDAY.replace(day=4)


def run(s: Station, job: str) -> Run:
    return Run(job, s.w.clock.at)


async def order(s: Station, key: str, symbol: str) -> None:
    opens = at(MONDAY, 14, 30)
    await s.w.journal.append(
        [Order(key, STRATEGY.name, "paper", "paper", symbol, Side.BUY, Decimal(1), opens, opens)]
    )


async def test_execute_sends_what_nobody_sent_and_says_what_waits(tmp_path: Path):
    s = await station(tmp_path)
    s.w.go(MONDAY, 14, 32)
    assert await upkeep.execute(s.w.desk, s.research, run(s, "execute:open")) == (
        "no orders sent, 0 waiting"
    )
    await order(s, "a", "MSFT")
    await order(s, "b", "ZZZZ")
    said = await upkeep.execute(s.w.desk, s.research, run(s, "execute:open"))
    assert said == "1 order sent, 1 waiting (ZZZZ)"
    again = await upkeep.execute(s.w.desk, s.research, run(s, "execute:open"))
    assert again == said, "a second run sends nothing twice"
    filled = await s.w.journal.first(Order, key="a")
    assert filled is not None
    assert filled.state is OrderState.FILLED


async def test_bars_are_fresh_until_a_session_has_closed_without_them(tmp_path: Path):
    s = await station(tmp_path)
    assert await upkeep.freshness(s.w.desk, s.research, run(s, "freshness")) == "bars to Mon 3 Feb"
    s.w.go(TUESDAY, 20)
    assert await upkeep.freshness(s.w.desk, s.research, run(s, "freshness")) == "bars to Mon 3 Feb"
    s.w.go(TUESDAY, 22)
    with pytest.raises(
        DataError, match="newest bar is of Mon 3 Feb, and XNYS has closed Tue 4 Feb since"
    ):
        await upkeep.freshness(s.w.desk, s.research, run(s, "freshness"))


async def test_housekeeping_forgets_what_is_done_and_old_and_nothing_else(tmp_path: Path):
    s = await station(tmp_path)
    old = s.w.clock.at - upkeep.KEEP - timedelta(days=1)
    ancient = s.w.clock.at - upkeep.KEEP_RUNS - timedelta(days=1)
    await s.w.journal.append(
        [
            Notice(1, "text", old, state=NoticeState.SENT),
            Notice(1, "text", old),
            Notice(1, "text", s.w.clock.at, state=NoticeState.SENT),
        ]
    )
    await s.w.journal.append(
        [
            Run("mark", ancient, RunState.DONE, finished_at=ancient),
            Run("mark", old, RunState.DONE, finished_at=old),
            Run("expire", ancient, RunState.RUNNING),
            Run("scan:dip", ancient, RunState.MISSED),
            Run("scan:dip", old, RunState.MISSED),
        ]
    )
    said = await upkeep.housekeeping(s.w.desk, s.research, run(s, "housekeeping"))
    assert said == "3 old rows pruned"
    assert [n.created_at for n in await s.w.journal.read(Notice)] == [old, s.w.clock.at]
    assert [r.due_at for r in await s.w.journal.read(Run)] == [old, ancient, old]


async def test_what_is_due_waits_for_this_process_own_first_reconciliation(tmp_path: Path):
    s = await station(tmp_path)
    s.w.go(MONDAY, 14, 32)
    await order(s, "a", "MSFT")
    s.w.desk.reconciled = False
    said = await upkeep.execute(s.w.desk, s.research, run(s, "execute:open"))
    assert (said, s.w.desk.reconciled) == ("1 order sent, 0 waiting", True)
