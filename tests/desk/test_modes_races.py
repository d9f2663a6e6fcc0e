"""A veto's window on real databases: two workers, a press, one order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from db.journal import open_journal
from desk import decide, modes, propose
from desk.desk import Desk
from tests.journal.conftest import migrated_file, place, postgres
from tests.world import ANN, D, World, answer, explain, world
from trading.errors import DeskError
from trading.orders import Order
from trading.signals import Signal, SignalState
from trading.types import Mode

__all__ = ["migrated_file", "postgres"]  # fixtures
SYMBOLS = ("AAPL", "MSFT", "NVDA")


@pytest.fixture(params=("sqlite", "postgres"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    return place(request.param, request, tmp_path)


@pytest.fixture
async def two(address: str | Path) -> AsyncIterator[tuple[World, Desk, Desk]]:
    """Two workers' desks, each with its own connections, and a window of three signals begun."""
    async with AsyncExitStack() as stack:
        journals = [await stack.enter_async_context(open_journal(address)) for _ in range(2)]
        w = await world(journals[0], mode=Mode.VETO)
        answers = [answer(symbol) for symbol in SYMBOLS]
        for signal in await propose.propose(w.desk, "dip", answers, explain=explain):
            await modes.shown(w.desk, signal.id, ANN.id)
        yield w, w.desk, replace(w.desk, journal=journals[1])


async def test_two_workers_and_a_press_at_the_end_of_a_window_make_one_order_each(
    two: tuple[World, Desk, Desk],
):
    w, a, b = two
    w.clock.at += timedelta(minutes=10)
    signals = await w.journal.read(Signal)
    gate = asyncio.Barrier(3)

    async def sweep(desk: Desk) -> int:
        await gate.wait()
        return await modes.veto_due(desk)

    async def press() -> int:
        await gate.wait()
        try:
            await decide.approve(b, signals[1].id, by="operator:1")
        except DeskError as late:
            assert "already approved" in str(late)  # noqa: PT017  either may be first
            return 0
        return 1

    done = await asyncio.gather(sweep(a), sweep(b), press())
    assert sum(done) == len(SYMBOLS)
    orders = await w.journal.read(Order)
    assert sorted(order.symbol for order in orders) == sorted(SYMBOLS)
    assert {order.quantity for order in orders} == {D(50)}


async def test_a_window_that_ended_while_every_worker_was_down_is_swept_by_the_next_one(
    two: tuple[World, Desk, Desk],
):
    w, _, b = two
    w.clock.at += timedelta(hours=2)
    assert await modes.veto_due(b) == len(SYMBOLS)
    assert {s.state for s in await w.journal.read(Signal)} == {SignalState.APPROVED}
    assert {s.decided_by for s in await w.journal.read(Signal)} == {"veto"}
