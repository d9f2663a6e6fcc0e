"""Two workers at once on a real database: one claim, one booking, one message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from db.journal import open_journal
from desk import doubt, sending, settle, squareoff
from desk.desk import Desk
from desk.halt import latch, trading_state
from tests.desk.doubtful import House, house
from tests.journal.conftest import migrated_file, place, postgres
from trading.errors import BrokerError
from trading.facts import Cursor, Notice, Trading
from trading.orders import Fill, Order, OrderState
from trading.owners import Alone
from worker import rounds

__all__ = ["migrated_file", "postgres"]  # fixtures
S = OrderState


@pytest.fixture(params=("sqlite", "postgres"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    return place(request.param, request, tmp_path)


@pytest.fixture
async def two(address: str | Path) -> AsyncIterator[tuple[House, Desk, Desk]]:
    """Two processes' desks, each with its own connections."""
    async with AsyncExitStack() as stack:
        journals = [await stack.enter_async_context(open_journal(address)) for _ in range(2)]
        here = await house(journal=journals[0])
        desks = [
            replace(here.w.desk, journal=journal, owners=Alone(name))
            for journal, name in zip(journals, ("a", "b"), strict=True)
        ]
        yield here, desks[0], desks[1]


async def test_two_that_claim_at_once_send_it_once(two: tuple[House, Desk, Desk]):
    here, a, b = two
    for order in await here.plan(*["buy 1 AAPL"] * 10):
        gate = asyncio.Barrier(2)

        async def claim(desk: Desk, order: Order = order, gate: asyncio.Barrier = gate) -> bool:
            await gate.wait()
            return await sending.claim(desk, order) is not None

        assert sorted(await asyncio.gather(claim(a), claim(b))) == [False, True]


async def test_two_looks_at_once_place_book_and_tell_everything_once(
    two: tuple[House, Desk, Desk],
):
    here, a, b = two
    await here.plan("buy 5 AAPL", "buy 5 MSFT", "buy 5 NVDA", "buy 5 XOM", "buy 5 TSLA")
    for _ in range(4):
        gate = asyncio.Barrier(2)

        async def look(desk: Desk, gate: asyncio.Barrier = gate) -> None:
            await gate.wait()
            await rounds.trade_once(desk)

        await asyncio.gather(look(a), look(b))
        await here.pass_time(1)
    assert here.placed() == ["k1", "k2", "k3", "k4", "k5"]
    assert await here.w.journal.count(Fill) == 5
    assert {order.state for order in await here.w.journal.read(Order)} == {S.FILLED}
    assert await here.told() == []


async def test_two_that_report_at_once_ask_once(two: tuple[House, Desk, Desk]):
    here, a, b = two
    await here.plan("buy 5 AAPL", state=S.UNKNOWN)
    gate = asyncio.Barrier(2)

    async def report(desk: Desk) -> int:
        await gate.wait()
        return await doubt.report(desk)

    assert sorted(await asyncio.gather(report(a), report(b))) == [0, 1]
    assert await here.w.journal.count(Notice, recipient=1, subject="unknown:1") == 1


async def test_two_that_collect_at_once_book_a_fill_once_and_lose_none(
    two: tuple[House, Desk, Desk],
):
    here, a, b = two
    orders = await here.plan("buy 5 AAPL", "buy 5 MSFT")
    for order in orders:
        await here.adversary.broker.submit(order)
    gate = asyncio.Barrier(2)

    async def collect(desk: Desk) -> int:
        await gate.wait()
        return await settle.collect(desk, desk.brokers["paper"])

    assert sum(await asyncio.gather(collect(a), collect(b))) == 2
    cursor = await here.w.journal.first(Cursor)
    assert cursor is not None
    await settle.collect(a, a.brokers["paper"])
    assert await here.w.journal.count(Fill) == 2


async def test_two_that_square_off_at_once_close_each_book_once(two: tuple[House, Desk, Desk]):
    here, a, b = two
    await here.plan("buy 5 AAPL", "buy 5 MSFT")
    await rounds.trade_once(a)
    run = await squareoff.begin(a, by="operator:1")
    for _ in range(3):
        gate = asyncio.Barrier(2)

        async def advance(desk: Desk, gate: asyncio.Barrier = gate) -> squareoff.Progress:
            await gate.wait()
            return await squareoff.advance(desk, run)

        first, second = await asyncio.gather(advance(a), advance(b))
    assert first.flat
    assert second.flat
    assert await here.w.journal.count(Order, purpose="squareoff") == 2
    assert len(here.placed()) == 4


async def test_after_a_halts_commit_nothing_is_claimed(two: tuple[House, Desk, Desk]):
    here, a, b = two
    orders = await here.plan(*["buy 1 AAPL"] * 10)
    halted = asyncio.Event()
    after = []

    async def claims() -> None:
        for order in orders:
            known = halted.is_set()
            claimed = await sending.claim(a, order)
            if known and claimed is not None:
                after.append(order)

    async def halts() -> None:
        await asyncio.sleep(0)
        await latch(b.journal, Trading.HALTED, by="operator:1", reason="", at=None)
        halted.set()

    await asyncio.gather(claims(), halts())
    assert after == []
    state = await trading_state(a)
    assert state is Trading.HALTED


async def test_a_crash_between_the_acknowledgement_and_our_record_doubles_nothing(
    two: tuple[House, Desk, Desk],
):
    here, a, b = two
    [order] = await here.plan("buy 5 AAPL")
    claimed = await sending.claim(a, order)
    assert claimed is not None
    await here.adversary.submit(claimed)  # and a is gone
    await here.pass_time(21)
    await rounds.trade_once(b)
    assert (await here.order()).state is S.FILLED, "the broker shows it: no proof is needed"
    assert here.placed() == ["k1"]


async def test_a_broker_that_cannot_be_asked_keeps_no_other_waiting(
    two: tuple[House, Desk, Desk],
):
    here, a, _ = two
    await here.plan("buy 5 AAPL", "buy 5 MSFT", state=S.UNKNOWN, leased_until=here.w.clock.at)
    await here.pass_time(1)
    asked = 0

    async def terms() -> None:
        nonlocal asked
        asked += 1
        raise BrokerError("cannot reach the paper broker")

    here.adversary.terms = terms  # type: ignore[method-assign,assignment]
    await rounds.trade_once(a)
    assert asked == 1, "one that times out is asked once a look"
    assert all(doubt.is_parked(order) for order in await here.w.journal.read(Order))
