"""What every door to the paper broker promises: in memory, on disk, and over its socket."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.costs import Costs
from brokers.paper import PaperBroker
from brokers.paper_client import PaperClient
from tests.brokers.paper_floor import KINDS, Floor, floor, opened, order
from trading.errors import BrokerError, BrokerRejected
from trading.orders import OrderState
from trading.types import Holdings

Door = PaperBroker | PaperClient


@pytest.fixture
def here() -> Floor:
    return floor()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def broker(kind: str, here: Floor, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(kind, here, tmp_path) as door:
        yield door


async def test_a_market_order_fills_at_once_while_the_session_is_open(broker: Door) -> None:
    ack = await broker.submit(order("buy 10 AAPL", "k1"))
    fills, cursor = await broker.fills("")
    assert (ack.key, ack.state) == ("k1", OrderState.FILLED)
    assert [(f.order_key, f.quantity, f.price, f.strategy) for f in fills] == [
        ("k1", Decimal(10), Decimal(100), "")
    ]
    assert await broker.fills(cursor) == ([], cursor)
    assert await broker.positions() == [Holdings("AAPL", Decimal(10), Decimal(100))]
    account = await broker.account()
    assert (account.cash, account.equity) == (Decimal(9000), Decimal(10000))


async def test_a_fill_is_dated_by_the_market_clock(broker: Door, here: Floor) -> None:
    await broker.submit(order("buy 10 AAPL"))
    (fill,), _ = await broker.fills("")
    assert fill.at == here.clock.now()


async def test_a_market_order_after_hours_fills_at_the_next_tradable_quote(
    broker: Door, here: Floor
) -> None:
    here.board.close("AAPL")
    ack = await broker.submit(order("buy 10 AAPL", "k1"))
    assert ack.state is OrderState.ACCEPTED
    assert await broker.work() == 0
    here.board.chalk("AAPL", "103")
    assert await broker.work() == 1
    (fill,), _ = await broker.fills("")
    found = await broker.find("k1")
    assert fill.price == Decimal(103)
    assert found is not None
    assert found.state is OrderState.FILLED


async def test_a_limit_order_waits_for_its_price_and_may_get_a_better_one(
    broker: Door, here: Floor
) -> None:
    assert (await broker.submit(order("buy 10 AAPL @ 99"))).state is OrderState.ACCEPTED
    here.board.chalk("AAPL", "99.01")
    assert await broker.work() == 0
    here.board.chalk("AAPL", "98.50")
    assert await broker.work() == 1
    (fill,), _ = await broker.fills("")
    assert fill.price == Decimal("98.5")


async def test_a_sell_limit_is_never_filled_below_itself(kind: str, tmp_path: Path) -> None:
    here = floor()
    costs = Costs(Decimal(50), Decimal(0), Decimal(0), Decimal(0))
    async with opened(kind, here, tmp_path, costs=costs) as broker:
        await broker.submit(order("buy 10 AAPL"))
        await broker.submit(order("sell 10 AAPL @ 100"))
        fills, _ = await broker.fills("")
    assert [f.price for f in fills] == [Decimal("100.5"), Decimal(100)]


async def test_the_same_key_is_placed_once(broker: Door) -> None:
    asked = order("buy 10 AAPL", "k1")
    first = await broker.submit(asked)
    again = await broker.submit(asked)
    assert again == first
    assert len((await broker.fills(""))[0]) == 1


async def test_forty_tasks_with_one_key_place_one_order(broker: Door) -> None:
    barrier = asyncio.Barrier(40)

    async def press() -> str:
        await barrier.wait()
        return (await broker.submit(order("buy 1 AAPL", "k1"))).broker_ref

    async with asyncio.TaskGroup() as group:
        presses = [group.create_task(press()) for _ in range(40)]
    assert len({p.result() for p in presses}) == 1
    assert len((await broker.fills(""))[0]) == 1


async def test_without_dedupe_the_same_key_is_placed_again(kind: str, tmp_path: Path) -> None:
    async with opened(kind, floor(), tmp_path, dedupes=False) as broker:
        assert not (await broker.terms()).dedupes
        await broker.submit(order("buy 1 AAPL", "k1"))
        await broker.submit(order("buy 1 AAPL", "k1"))
        fills, _ = await broker.fills("")
    assert [f.order_key for f in fills] == ["k1", "k1"]
    assert len({f.execution_id for f in fills}) == 2


async def test_concurrent_buys_cannot_spend_the_same_cash(broker: Door) -> None:
    async def buy() -> bool:
        try:
            await broker.submit(order("buy 40 AAPL"))
        except BrokerRejected:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(buy()) for _ in range(5)]
    assert sum(t.result() for t in tries) == 2
    assert (await broker.account()).cash == Decimal(2000)


async def test_a_resting_order_can_be_cancelled_and_frees_its_money(broker: Door) -> None:
    await broker.submit(order("buy 90 AAPL @ 99", "k1"))
    with pytest.raises(BrokerRejected, match="insufficient buying power"):
        await broker.submit(order("buy 90 AAPL @ 98"))
    assert (await broker.cancel("k1")).state is OrderState.CANCELLED
    assert (await broker.submit(order("buy 90 AAPL @ 98"))).state is OrderState.ACCEPTED


async def test_cancelling_a_filled_order_says_so(broker: Door) -> None:
    await broker.submit(order("buy 1 AAPL", "k1"))
    assert (await broker.cancel("k1")).state is OrderState.FILLED


async def test_cancelling_an_unknown_order_is_refused(broker: Door) -> None:
    with pytest.raises(BrokerRejected, match="no order 'k9'"):
        await broker.cancel("k9")


async def test_an_unknown_key_is_not_found(broker: Door) -> None:
    assert await broker.find("k9/?&=") is None


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("buy 1 NOPE", "no instrument called 'NOPE'"),
        ("buy 0 AAPL", "quantity must be above zero, not 0"),
        ("buy -1 AAPL", "quantity must be above zero, not -1"),
        ("buy NaN AAPL", "quantity must be above zero, not NaN"),
        ("buy 1.5 AAPL", "not a whole number of 1-unit lots"),
        ("buy 1 AAPL @ 99.001", "not on AAPL's 0.01 tick"),
        ("buy 1 AAPL @ NaN", "a limit above zero, not NaN"),
        ("buy 1 EURX", "trades in EUR; this paper account holds USD"),
        ("buy 1 COIN", "COIN has no price yet"),
        ("sell 1 AAPL", "0 held, and this paper account does not sell short"),
        ("buy 123 AAPL", "needs 12,300.00 USD, has 10,000.00 USD"),
    ],
)
async def test_a_bad_order_is_refused_with_a_clear_line(
    broker: Door, words: str, text: str
) -> None:
    with pytest.raises(BrokerRejected) as refused:
        await broker.submit(order(words))
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await broker.fills("") == ([], "0")


async def test_an_order_for_another_account_is_refused(broker: Door) -> None:
    with pytest.raises(BrokerRejected, match="order is for paper/other"):
        await broker.submit(order("buy 1 AAPL", account="other"))


async def test_a_reduce_only_order_is_cut_to_the_position(broker: Door) -> None:
    await broker.submit(order("buy 4 AAPL"))
    ack = await broker.submit(order("sell 10 AAPL", reduce_only=True))
    fills, _ = await broker.fills("")
    assert (ack.state, ack.note) == (OrderState.FILLED, "reduce-only: cut to 4")
    assert fills[-1].quantity == 4
    assert await broker.positions() == []
    with pytest.raises(BrokerRejected, match=r"reduce-only: no AAPL to sell \(none held\)"):
        await broker.submit(order("sell 1 AAPL", reduce_only=True))


async def test_a_cursor_the_book_never_gave_out_is_an_error(broker: Door) -> None:
    with pytest.raises(BrokerError, match="the paper book was replaced"):
        await broker.fills("12")
    with pytest.raises(BrokerError, match="is not a paper fill cursor"):
        await broker.fills("twelve")


async def test_a_waiting_reader_learns_of_a_fill_at_once(broker: Door, here: Floor) -> None:
    here.board.close("AAPL")
    await broker.submit(order("buy 1 AAPL", "k1"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        reading = group.create_task(broker.fills("", wait=30))
        await asyncio.sleep(0.05)
        here.board.chalk("AAPL", "100")
        await broker.work()
    assert [f.order_key for f in reading.result()[0]] == ["k1"]


async def test_a_waiting_reader_comes_back_empty_handed(broker: Door) -> None:
    assert await broker.fills("", wait=0.05) == ([], "0")
