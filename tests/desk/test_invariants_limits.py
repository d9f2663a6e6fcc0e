"""What was sent had passed every check: each way to break that is found, and by its rule alone."""

from dataclasses import replace

import pytest

from desk import decide, execute, judging
from desk.invariants.limits import sent_within_limits
from risk.checks import Check
from tests.desk.test_deciding import TUESDAY, proposed
from tests.desk.test_invariants import Break, breaks
from tests.world import D, World, world
from trading.judgement import Judgement, Stage
from trading.orders import Order

RULE = "sent within limits"


async def sent() -> World:
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk)
    return w


@breaks(RULE, "signal 1 was sent at 2025-02-04 14:30:00 UTC with order 6 %, limit 5 %")
async def sent_beyond_its_limit(w: World) -> None:
    beyond = Check("order", True, "order 6 %, limit 5 %", D("0.06"), D("0.05"))
    await judging.keep(w.desk, 1, Stage.CLAIM, [beyond])


@breaks(RULE, "signal 1 was sent at 2025-02-04 14:30:00 UTC with trading is halted")
async def sent_against_a_check(w: World) -> None:
    await judging.keep(w.desk, 1, Stage.CLAIM, [Check("trading", False, "trading is halted")])


@breaks(RULE, "order t-1-0 was sent and no check of it is kept")
async def sent_unchecked(w: World) -> None:
    await w.journal.remove(Judgement, stage=Stage.CLAIM)


FAULTS = [
    ("signal 1 was sent at 2025-02-04 14:30:00 UTC with order 6 %, limit 5 %",
     sent_beyond_its_limit),
    ("signal 1 was sent at 2025-02-04 14:30:00 UTC with trading is halted", sent_against_a_check),
    ("order t-1-0 was sent and no check of it is kept", sent_unchecked),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), FAULTS)
async def test_each_is_found(text: str, fault: Break):
    w = await sent()
    assert [found async for found in sent_within_limits(w.desk)] == []
    await fault(w)
    assert [found async for found in sent_within_limits(w.desk)] == [text]


async def test_what_was_sent_before_checks_were_kept_says_nothing():
    w = await sent()
    await w.journal.remove(Judgement)
    [order] = await w.journal.read(Order)
    await w.journal.append([replace(order, key="old", id=0, version=0)])
    assert [found async for found in sent_within_limits(w.desk)] == []
