"""A square-off whose process is killed at each of its calls in turn: the next one ends it flat."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from brokers.adversary import Adversary, Faults
from desk import squareoff
from desk.scope import ALL, Kind, Scope
from tests.desk.floor import book, floor, hold, net, order
from tests.faults.mortal import Killed, Life, MortalBroker, MortalJournal
from tests.world import World
from trading.facts import Run, RunState
from trading.orders import WORKING, Order
from trading.owners import Alone
from trading.types import Side

CALLS = 400  # more than a whole square-off makes
DIP = Scope(Kind.STRATEGY, "dip")


async def begun(parts: int) -> World:
    """Two strategies hold one instrument, one of them another; an entry works at the broker."""
    w = await floor()
    adversary = Adversary(w.desk.brokers["paper"], Faults(parts=parts))  # type: ignore[arg-type]
    w.desk.brokers = {"paper": adversary}  # type: ignore[dict-item]
    await hold(w, "buy 10 AAPL")
    await hold(w, "buy 4 AAPL", strategy="gap")
    await hold(w, "buy 6 MSFT")
    for _ in range(6):
        await adversary.work()
    await order(w, "buy 2 NVDA", execute_at=w.clock.at + timedelta(hours=2))
    return w


async def killed(w: World, scope: Scope, call: int, *, after: bool) -> bool:
    """One process does it and dies at that call; whether it lived to so many."""
    life = Life(Random(0))
    life.ends_in(call, after=after)
    brokers: dict[str, Any] = {
        name: MortalBroker(broker, life) for name, broker in w.desk.brokers.items()
    }
    journal: Any = MortalJournal(w.journal, life, lambda *_: None)
    desk = replace(w.desk, journal=journal, brokers=brokers, owners=Alone("first"))
    with suppress(Killed):
        run = await squareoff.begin(desk, scope, by="operator:1")
        await rounds(w, desk, run, most=6)
    return life.is_over


async def rounds(w: World, desk: Any, run: Run, *, most: int) -> squareoff.Progress:
    for _ in range(most):
        progress = await squareoff.advance(desk, run)
        if progress.ended:
            break
        await w.broker.work()  # type: ignore[attr-defined]
        w.clock.at += timedelta(seconds=30)  # past every lease
    return progress


def lowest(w: World) -> Decimal:
    """The lowest net of any instrument that the broker's executions ever came to."""
    units: dict[str, Decimal] = {}
    low = Decimal(0)
    for fill in w.broker.broker.statement.executions:  # type: ignore[attr-defined]
        sign = 1 if fill.side is Side.BUY else -1
        units[fill.symbol] = units.get(fill.symbol, Decimal(0)) + sign * fill.quantity
        low = min(low, units[fill.symbol])
    return low


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("scope", [ALL, DIP], ids=lambda scope: scope.key)
@pytest.mark.parametrize("after", [False, True])
async def test_whichever_call_it_dies_at_the_next_process_ends_it_flat(
    scope: Scope, after: bool, parts: int
):
    deaths = 0
    for call in range(0, CALLS, 1 if parts == 1 else 3):
        w = await begun(parts)
        died = await killed(w, scope, call, after=after)
        if not died:
            break
        deaths += 1
        w.desk.owners = Alone("second", dead={"first"})
        run = await squareoff.begin(w.desk, scope, by="operator:1")
        progress = await rounds(w, w.desk, run, most=20)
        left = {"AAPL": Decimal(4)} if scope == DIP else {}
        assert progress.flat, f"killed at call {call}: {progress}"
        assert await net(w) == left, f"killed at call {call}"
        assert await book(w, "dip", "AAPL") == 0
        assert lowest(w) == 0, "nothing was closed twice or through zero"
        runs = await w.journal.read(Run, job="squareoff")
        assert all(run.state is RunState.DONE for run in runs)
        assert len(runs) <= 2, "a second one only where the first had ended or was never recorded"
        assert not await w.journal.count(Order, state__in=tuple(WORKING))
    assert deaths > 20
