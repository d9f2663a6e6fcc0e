"""Our books against the brokers': told once with the figures, never for a fill in flight."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from brokers.adversary import Adversary, Faults
from brokers.paper import PaperBroker
from desk import execute, reconcile
from desk.console import differences, verbs
from desk.differences import Shift, Stray
from tests.worker.synthetic import Station, station
from tests.world import ANN, MONDAY, World, at, world
from trading.facts import Lane, Notice, Run, RunState
from trading.messages import Message
from trading.orders import Fill, Order, OrderState, OrderType
from trading.types import Side
from worker import jobs

D = Decimal
TUESDAY = MONDAY.replace(day=4)


def order(w: World, key: str, text: str, **changes: Any) -> Order:
    """`buy 10 AAPL`"""
    side, quantity, symbol = text.split()
    now = w.clock.at
    return Order(key, "dip", "paper", "paper", symbol, Side(side), D(quantity), now, now, **changes)


async def no_rest(_: float) -> None:
    pass


async def holding(*texts: str) -> World:
    """Tuesday noon; these were ordered and filled this morning."""
    w = await world()
    w.desk.rest = no_rest
    w.go(TUESDAY, 15)
    await w.journal.append([order(w, f"k{n}", text) for n, text in enumerate(texts)])
    await execute.execute_due(w.desk, owner="t")
    w.go(TUESDAY, 19, 5)
    return w


def broker(w: World) -> PaperBroker:
    found = w.broker
    assert isinstance(found, PaperBroker)
    return found


def slip(w: World, text: str) -> None:
    """The broker's position changes without an execution that anybody is shown."""
    side, quantity, symbol = text.split()
    broker(w).transfer(symbol, D(quantity) * Side(side).sign, D(100))


async def told(w: World) -> list[tuple[Lane, str]]:
    rows = await w.journal.read(Notice, kind="text", recipient=ANN.id)
    return [(n.lane, Message.from_json(n.body).plain) for n in rows]


async def test_all_agree_is_one_sentence_with_the_figures_and_the_time():
    w = await holding("buy 10 AAPL", "buy 5 MSFT")
    await w.journal.append([order(w, "rest", "buy 1 XOM", type=OrderType.LIMIT, limit=D(90))])
    await execute.execute_due(w.desk, owner="t")
    await verbs.handle(w.desk, await w.ask("/reconcile"))
    assert (await told(w))[-1][1] == (
        "All agree: 2 positions, 1 open order, checked 14:05 New York."
    )


async def test_a_difference_is_told_once_with_both_figures_in_the_critical_lane():
    w = await holding("buy 10 AAPL", "buy 5 MSFT")
    slip(w, "buy 3 AAPL")
    for _ in range(3):
        await differences.tell(w.desk, await reconcile.check(w.desk, no_rest))
    [(lane, text)] = await told(w)
    assert lane is Lane.CRITICAL
    assert text == (
        "Our books and paper's differ\n"
        "     paper ours\n"
        "AAPL    13   10\n"
        "2 positions, 0 open orders, checked 14:05 New York.\n"
        "Adopt: our books take the broker's figure.\n"
        "Ignore: it is not told again.\n"
        "Close: the surplus is traded away at the broker."
    )


async def test_a_difference_that_changes_is_told_again_and_its_end_too():
    w = await holding("buy 10 AAPL")
    for text in ("buy 3 AAPL", "buy 1 AAPL"):
        slip(w, text)
        await differences.tell(w.desk, await reconcile.check(w.desk, no_rest))
    slip(w, "sell 4 AAPL")
    for _ in range(2):
        await differences.tell(w.desk, await reconcile.check(w.desk, no_rest))
    texts = await told(w)
    assert ["13   10" in text for _, text in texts] == [True, False, False]
    assert ["14   10" in text for _, text in texts] == [False, True, False]
    assert texts[-1] == (
        Lane.NORMAL,
        "The brokers' books agree with ours again\n"
        "1 position, 0 open orders, checked 14:05 New York.",
    )


async def test_a_fill_in_flight_between_two_readings_is_no_difference():
    """The broker's position moves first; its execution shows a moment later."""
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    assert len((await reconcile.read(w.desk)).found) == 1, "one reading alone sees it"

    async def arrives(_: float) -> None:
        slip(w, "sell 3 AAPL")
        await broker(w).submit(order(w, "by-hand", "buy 3 AAPL"))

    reading = await reconcile.check(w.desk, arrives)
    assert reading.agrees
    assert reading.booked == 1
    assert await w.journal.count(Fill) == 2


async def test_two_readings_that_differ_otherwise_each_time_are_a_market_that_moves():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")

    async def moves_on(_: float) -> None:
        slip(w, "buy 4 AAPL")

    assert (await reconcile.check(w.desk, moves_on)).agrees


async def test_a_hand_trade_at_the_broker_is_booked_and_told_by_itself():
    """No order of ours works, so nobody else would have collected it."""
    w = await holding("buy 10 AAPL")
    await broker(w).submit(order(w, "by-hand", "buy 3 XOM"))
    reading = await reconcile.check(w.desk, no_rest)
    assert (reading.agrees, reading.booked, reading.positions) == (True, 1, 2)
    [(lane, text)] = await told(w)
    assert lane is Lane.CRITICAL
    assert "A fill we did not order: XOM" in text
    [fill] = await w.journal.read(Fill, symbol="XOM")
    assert await w.journal.count(Notice, subject=f"fill:paper:{fill.execution_id}") == 2, "readers"


async def test_an_order_only_one_side_knows_is_a_difference():
    w = await holding("buy 10 AAPL")
    ghost = order(w, "ghost", "sell 4 AAPL", state=OrderState.ACCEPTED)
    resting = order(w, "by-hand", "buy 1 XOM", type=OrderType.LIMIT, limit=D(90))
    await w.journal.append([ghost])
    await broker(w).submit(resting)
    reading = await reconcile.check(w.desk, no_rest)
    assert sorted(stray.text for stray in reading.found) == [
        "buy 1 XOM at 90.00 works at paper, unknown here",
        "sell 4 AAPL is accepted here, paper does not know it",
    ]
    assert reconcile.outcome(reading) == "2 differences with the brokers"


async def test_an_order_that_ended_at_the_broker_is_followed_not_told():
    w = await holding()
    resting = order(w, "rest", "buy 1 XOM", type=OrderType.LIMIT, limit=D(90))
    await w.journal.append([resting])
    await execute.execute_due(w.desk, owner="t")
    await broker(w).cancel("rest")
    assert (await reconcile.check(w.desk, no_rest)).agrees
    [ended] = await w.journal.read(Order)
    assert ended.state is OrderState.CANCELLED


async def test_a_broker_that_is_away_is_no_difference_and_forgets_none():
    w = await holding("buy 10 AAPL")
    paper = broker(w)
    slip(w, "buy 3 AAPL")
    await differences.tell(w.desk, await reconcile.check(w.desk, no_rest))
    away = Adversary(paper)
    away.leave(1000)
    w.desk.brokers = {"paper": away}
    reading = await reconcile.check(w.desk, no_rest)
    assert (reading.agrees, reading.asked, len(reading.away)) == (False, (), 1)
    assert not await differences.tell(w.desk, reading)
    await verbs.handle(w.desk, await w.ask("/reconcile"))
    assert (await told(w))[-1][1] == (
        "Not every broker could be asked\n"
        "Cannot reach the paper broker; nothing was sent.\n"
        "1 position, 0 open orders, checked 14:05 New York."
    )
    w.desk.brokers = {"paper": paper}
    slip(w, "sell 3 AAPL")
    assert await differences.tell(w.desk, await reconcile.check(w.desk, no_rest)), "it agrees again"


async def test_a_broker_whose_positions_lag_behind_its_fills_is_read_again():
    w = await holding("buy 10 AAPL")
    slow = Adversary(broker(w), Faults(lag=0.05))
    w.desk.brokers = {"paper": slow}
    await slow.submit(order(w, "by-hand", "buy 3 XOM"))

    async def seen(_: float) -> None:
        while len(await slow.positions()) < 2:
            await asyncio.sleep(0.01)

    assert (await reconcile.check(w.desk, seen)).agrees


@pytest.mark.parametrize("count", [1, 40])
async def test_the_answer_fits_a_phone(count: int):
    w = await holding()
    shifts = {
        Shift("interactive-brokers", f"SYM{n}-LONGNAME", D(-1_234_567), D("0.00012345"))
        for n in range(count)
    }
    strays = {Stray("ib", str(n), "AAPL", Side.BUY, D(n), "", "works") for n in range(count)}
    reading = replace(await reconcile.read(w.desk), found=frozenset(shifts | strays))
    for page in (None, 1, 2, 14):
        said = differences.shown(w.desk, reading, page=page)
        assert len(said.plain) < 1500
        assert len(said.buttons) <= differences.PAGE + 1
        for span in said.text:
            if span.style == "pre":
                assert max(len(line) for line in span.text.splitlines()) <= 34
    alarm = differences.shown(w.desk, reading).plain
    assert ("… and 74 more: /reconcile shows them." in alarm) == (count == 40)


async def due(s: Station, job: str) -> Run:
    [run] = await s.w.journal.append([Run(job, at(MONDAY, 21, 5))])
    await jobs.run(s.w.desk, s.research, run.id)
    found = await s.w.journal.first(Run, id=run.id)
    assert found is not None
    return found


async def test_the_job_says_what_it_found(tmp_path: Any):
    s = await station(tmp_path)
    run = await due(s, "reconcile:start")
    assert (run.state, run.outcome) == (RunState.DONE, "all agree: 0 positions, 0 orders")


async def test_the_job_waits_for_a_broker_that_is_away(tmp_path: Any):
    s = await station(tmp_path)
    away = Adversary(s.w.broker)  # type: ignore[arg-type]
    away.leave(1000)
    s.w.desk.brokers = {"paper": away}
    run = await due(s, "reconcile:end")
    assert run.state is RunState.DUE, "tried again"
    s.w.clock.at += timedelta(minutes=11)
    await jobs.run(s.w.desk, s.research, run.id)
    failed = await s.w.journal.first(Run, id=run.id)
    assert failed is not None
    assert failed.state is RunState.FAILED


async def test_a_desk_without_backups_says_so(tmp_path: Any):
    s = await station(tmp_path)
    for job in ("backup", "restore-check"):
        run = await due(s, job)
        assert (run.state, run.outcome) == (RunState.FAILED, "this desk keeps no backups")
