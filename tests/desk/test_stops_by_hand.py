"""Stops and trades by hand: what a stop closed cools down, what is bought by hand keeps its own."""

from dataclasses import replace

import pytest

from desk import decide, execute, locks
from desk.desk import MANUAL
from tests.desk.test_console import said as answered
from tests.exits_world import bought, exiting, forgetful, held, look, price, resting
from tests.world import D, World
from trading.orders import Order, OrderState
from trading.signals import Signal


async def cooling(w: World) -> World:
    w.desk.plans = {name: replace(plan, cooldown=2) for name, plan in w.desk.plans.items()}
    return w


@pytest.mark.parametrize("rests", [True, False])
async def test_a_stop_begins_the_cooldown_wherever_it_was_kept(rests: bool):
    w = await cooling(await exiting(stop="5 %"))
    if not rests:
        forgetful(w)
    await bought(w)
    await look(w, 3)
    await price(w, "AAPL", "94")
    await look(w, 3)
    assert await held(w) == 0
    [lock] = await locks.standing(w.desk)
    assert (lock.scope, lock.by) == ("symbol:AAPL strategy:dip", "cooldown")


async def test_a_target_begins_none():
    w = await cooling(await exiting(stop="5 %", target="10 %"))
    await bought(w)
    await look(w, 2)
    await price(w, "AAPL", "110")
    await look(w, 2)
    assert await held(w) == 0
    assert await locks.standing(w.desk) == []


async def test_a_stop_asked_for_by_hand_is_kept_and_gives_way_to_closing():
    w = await exiting()
    await bought(w)  # the market is open
    request = await w.ask("/buy MSFT 10 stop 95")
    from desk.console.verbs import handle

    await handle(w.desk, request)
    signal = await w.journal.first(Signal, strategy=MANUAL)
    assert signal is not None
    await decide.approve(w.desk, signal.id, by="operator:1")
    await look(w, 3)
    stops = [order for order in await resting(w) if order.symbol == "MSFT"]
    assert [(order.stop, order.quantity, order.strategy) for order in stops] == [
        (D(95), D(10), MANUAL)
    ]
    refused = await answered(w, f"/cancel {stops[0].id}")
    assert "protects a position; /close MSFT closes it" in refused
    await answered(w, "/close MSFT yes", pressed=True)
    for _ in range(3):
        await execute.execute_due(w.desk, owner="t")
        await look(w, 1)
    assert (await w.desk.books.ledger()).position(MANUAL, "paper", "MSFT").quantity == 0
    stop = await w.journal.first(Order, id=stops[0].id)
    assert stop is not None
    assert stop.state is OrderState.CANCELLED
