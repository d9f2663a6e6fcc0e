"""When something in the world is broken, the smallest thing stops, and it is said once."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from brokers.paper import PaperBroker
from desk import decide, execute, settle, squareoff
from desk.console.verbs import handle
from tests.desk.test_deciding import TUESDAY, bought, held, proposed
from tests.desk.test_squareoff import rounds
from tests.world import World, world
from trading.errors import BrokerError, DataError
from trading.facts import Notice, Request, RequestState
from trading.messages import Message
from trading.orders import Ack, Fill, Order, OrderState
from trading.types import Quote, Side

D = Decimal


class Twisted:
    """A paper broker of which some calls are replaced."""

    def __init__(self, inner: PaperBroker, **calls: Any) -> None:
        self._inner, self._calls = inner, calls
        self.name, self.account_id, self.dedupes = inner.name, inner.account_id, inner.dedupes

    def __getattr__(self, name: str) -> Any:
        return self._calls.get(name) or getattr(self._inner, name)


def twist(w: World, **calls: Any) -> PaperBroker:
    inner = w.broker
    assert isinstance(inner, PaperBroker)
    w.desk.brokers = {"paper": Twisted(inner, **calls)}  # type: ignore[dict-item]
    return inner


async def texts(w: World) -> list[str]:
    rows = await w.journal.read(Notice, kind="text", recipient=1)
    return [Message.from_json(row.body).plain for row in rows]


async def test_an_order_that_cannot_be_cancelled_does_not_stop_a_square_off():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    template = (await w.journal.read(Order))[0]
    resting = replace(
        template,
        key="rest",
        symbol="XOM",
        state=OrderState.ACCEPTED,
        id=0,
        version=0,
        side=Side.BUY,
        broker_ref="o9",
    )
    await w.journal.append([resting])

    async def no(key: str) -> Ack:
        raise BrokerError("the paper broker timed out")

    twist(w, cancel=no)
    progress = await rounds(w, most=2)
    assert not progress.flat
    assert "timed out" in progress.places[0].note
    assert await held(w, "AAPL") == 0, "the position is closed all the same"


async def test_one_broken_order_stops_no_other_and_is_told_once():
    w = await world()
    first, second = await proposed(w, "AAPL", "MSFT")
    for signal in (first, second):
        await decide.approve(w.desk, signal.id, by="operator:1")
    known = w.desk.instruments.find
    w.desk.instruments.find = lambda s: None if s == "AAPL" else known(s)  # type: ignore[method-assign]
    w.go(TUESDAY, 14, 30)
    for _ in range(3):
        await execute.execute_due(w.desk, owner="t")
    assert await held(w, "MSFT") == 50
    assert len([t for t in await texts(w) if "no instrument called 'AAPL'" in t]) == 1


async def test_a_feed_in_trouble_delays_an_order_and_loses_nothing():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    quote = w.tape.quote

    async def broken(symbol: str, at: object) -> Quote | None:
        raise DataError("the bars of 2025-02 cannot be read: import them again")

    w.tape.quote = broken  # type: ignore[method-assign,assignment]
    assert await execute.execute_due(w.desk, owner="t") == 0
    w.tape.quote = quote  # type: ignore[method-assign]
    assert await execute.execute_due(w.desk, owner="t") == 1
    done = await w.journal.first(Order, key=order.key)
    assert done is not None
    assert done.state is OrderState.FILLED


async def test_an_order_waits_for_the_first_price_of_its_session():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    price = w.tape.prices.pop("AAPL")
    assert await execute.execute_due(w.desk, owner="t") == 0
    w.tape.prices["AAPL"] = price
    assert await execute.execute_due(w.desk, owner="t") == 1
    done = await w.journal.first(Order, key=order.key)
    assert done is not None
    assert done.state is OrderState.FILLED


async def test_a_square_off_without_a_price_waits_and_floods_nobody():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    price = w.tape.prices.pop("AAPL")
    await rounds(w, most=20)
    assert await w.journal.count(Order, purpose="squareoff") == 1
    assert len(await texts(w)) <= 2
    w.tape.prices["AAPL"] = price
    assert (await rounds(w)).flat


async def test_a_broker_proven_not_reached_is_tried_again_and_told_once():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)

    async def away(order: Order) -> Ack:
        raise BrokerError("cannot reach the paper broker: not sent")

    inner = twist(w, submit=away)
    for _ in range(3):
        await execute.execute_due(w.desk, owner="t")
    waiting = await w.journal.first(Order, key=order.key)
    assert waiting is not None
    assert waiting.state is OrderState.PLANNED
    assert len([t for t in await texts(w) if "not sent" in t]) == 1
    w.desk.brokers = {"paper": inner}
    await execute.execute_due(w.desk, owner="t")
    assert await held(w, "AAPL") == 50


async def test_a_request_seen_by_two_at_once_is_answered_once():
    w = await world()
    request = await w.ask("/positions")
    gate = asyncio.Barrier(2)

    async def lane() -> None:
        await gate.wait()
        await handle(w.desk, request)

    await asyncio.gather(lane(), lane())
    assert await w.journal.count(Notice, answers=request) == 1


async def test_a_request_whose_worker_died_is_taken_over_after_its_lease():
    w = await world()
    request = await w.ask("/positions")
    row = await w.journal.first(Request, id=request)
    assert row is not None
    await w.journal.move(row, leased_until=w.clock.at.replace(minute=6))
    await handle(w.desk, request)
    assert await w.journal.count(Notice, answers=request) == 0, "somebody is at it"
    w.go(w.clock.at.date(), 21, 7)
    await handle(w.desk, request)
    done = await w.journal.first(Request, id=request)
    assert done is not None
    assert done.state is RequestState.DONE


async def test_a_fill_after_the_cancel_is_booked_and_told():
    w = await world()
    await bought(w, "AAPL")
    [order] = await w.journal.read(Order)
    late = replace(order, key="late", id=0, version=0, state=OrderState.CANCELLED)
    await w.journal.append([late])
    fill = Fill(
        "paper", "paper", "x9", "late", "", "AAPL", Side.BUY, D(3), D(100), D(0), "USD", w.clock.at
    )
    await settle._record(w.desk, [fill])
    assert await held(w, "AAPL") == 53
    assert any("after it was cancelled" in text for text in await texts(w))


async def test_a_square_off_is_one_message_however_many_rounds():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.go(TUESDAY, 15)
    await rounds(w)
    subjects = {n.subject for n in await w.journal.read(Notice) if n.subject.startswith("square")}
    assert len(subjects) == 1
    w.go(TUESDAY, 15, 1)
    run = await squareoff.begin(w.desk, by="operator:1")
    assert subjects != {f"squareoff:{run.id}"}, "the next one is a message of its own"
