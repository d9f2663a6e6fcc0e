"""Orders cancelled and changed in a chat: never are an order and what replaces it both alive."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import decide, execute, modify
from desk.console.verbs import handle
from desk.invariants import decisions
from tests.desk.by_hand import card, done, fresh, open_world, resting, units
from tests.desk.test_console import said
from tests.desk.test_deciding import proposed
from tests.world import ANN, BOB, World, world
from trading.facts import Request
from trading.orders import Ack, Fill, Order, OrderState
from trading.signals import Signal, SignalState
from worker import rounds

D = Decimal
S = OrderState


# Cancelling


async def test_an_entry_is_cancelled_at_once():
    w = await open_world()
    order = await resting(w)
    assert f"#{order.id} buy 10 AAPL, limit 99.00" in await said(w, "/orders")
    assert f"Cancelled order {order.id}" in await said(w, f"/cancel {order.id}")
    assert (await fresh(w, order)).state is S.CANCELLED
    assert await w.broker.working() == []  # type: ignore[attr-defined]
    assert "cancelled already" in await said(w, f"/cancel {order.id}")


async def test_an_order_not_sent_yet_is_withdrawn_with_its_signal():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by="operator:1")
    order = await w.journal.first(Order, signal_id=signal.id)
    assert order is not None
    await said(w, f"/cancel {order.id}")
    assert (await decide.signal_of(w.desk, signal.id)).state is SignalState.WITHDRAWN
    assert (await fresh(w, order)).state is S.CANCELLED


async def test_cancelling_an_exit_is_asked_twice():
    w = await open_world()
    await done(w, "/buy AAPL 10")
    signal = await done(w, "/sell AAPL 10 limit 105")
    order = await w.journal.first(Order, signal_id=signal.id)
    assert order is not None
    assert "Cancel the exit" in await said(w, f"/cancel {order.id}")
    assert (await fresh(w, order)).state is S.ACCEPTED
    await said(w, f"/cancel {order.id} yes", pressed=True)
    assert (await fresh(w, order)).state is S.CANCELLED


# Modifying


async def test_a_change_is_shown_first_and_then_made():
    w = await open_world()
    order = await resting(w)
    question = await said(w, f"/modify {order.id} limit 98 qty 12")
    assert "Now: buy 10 AAPL, limit 99.00" in question
    assert "Then: buy 12 AAPL, limit 98.00" in question
    answer = await said(w, f"/modify {order.id} limit 98 qty 12 yes", pressed=True)
    assert "buy 12 AAPL, limit 98.00" in answer
    following = await w.journal.first(Order, key=f"{order.key}-m{order.id}")
    assert following is not None
    assert (await fresh(w, order)).state is S.CANCELLED
    await execute.execute_due(w.desk, owner="t")
    assert [r.quantity for r in await w.broker.working()] == [D(12)]  # type: ignore[attr-defined]
    signal = await w.journal.first(Signal, id=order.signal_id)
    assert signal is not None
    assert "at the broker" in await card(w, signal)


async def test_fewer_units_at_the_same_price_need_no_second_press():
    w = await open_world()
    order = await resting(w)
    assert "goes on as order" in await said(w, f"/modify {order.id} qty 4")


class FillsFirst:
    """A broker whose cancel is met by a fill on the way; everything else is the one inside."""

    def __init__(self, inside: object, fill: Decimal) -> None:
        self.inside, self.fill, self.met = inside, fill, False

    def __getattr__(self, name: str) -> object:
        return getattr(self.inside, name)

    async def cancel(self, key: str) -> Ack:
        if not self.met:
            self.met = True
            self.inside.portion = lambda whole, lot: self.fill  # type: ignore[attr-defined]
            await self.inside.work()  # type: ignore[attr-defined]
        ack: Ack = await self.inside.cancel(key)  # type: ignore[attr-defined]
        return ack


@pytest.mark.parametrize(("filled", "rest"), [(3, 9), (7, 5)])
async def test_what_fills_before_the_cancel_is_taken_off_the_new_order(filled: int, rest: int):
    w = await open_world()
    order = await resting(w)
    w.tape.prices["AAPL"] = D("99")
    w.desk.brokers = {"paper": FillsFirst(w.broker, D(filled))}  # type: ignore[dict-item]
    await said(w, f"/modify {order.id} qty 12 yes", pressed=True)
    following = await w.journal.first(Order, key=f"{order.key}-m{order.id}")
    assert following is not None
    assert following.quantity == rest
    assert await units(w) == filled


async def test_filled_whole_before_the_cancel_nothing_goes_on():
    w = await open_world()
    order = await resting(w)
    w.tape.prices["AAPL"] = D("99")
    w.desk.brokers = {"paper": FillsFirst(w.broker, D(10))}  # type: ignore[dict-item]
    text = await said(w, f"/modify {order.id} qty 12 yes", pressed=True)
    assert "is filled: there was nothing left to change" in text
    assert await w.journal.count(Order) == 1
    assert await units(w) == 10


async def test_two_changes_at_once_leave_one_order_alive():
    w = await open_world()
    order = await resting(w)
    ids = [await w.ask(f"/modify {order.id} qty {n} yes", pressed=True) for n in (4, 5)]
    await asyncio.gather(*(handle(w.desk, one) for one in ids))
    alive = [o for o in await w.journal.read(Order) if not o.is_done]
    assert len(alive) == 1
    await execute.execute_due(w.desk, owner="t")
    assert len(await w.broker.working()) == 1  # type: ignore[attr-defined]


async def test_a_change_that_died_after_its_cancel_is_finished_by_the_same_request():
    w = await open_world()
    order = await resting(w)
    request = await w.ask(f"/modify {order.id} qty 12 yes", pressed=True)
    row = await w.journal.first(Request, id=request)
    assert row is not None
    change = modify.Change(order.id, D(12))
    place, w.journal.append = w.journal.append, dying(w, Order)  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await modify.modify(w.desk, row, change)
    w.journal.append = place  # type: ignore[method-assign]
    assert (await fresh(w, order)).state is S.CANCELLED
    following = await modify.modify(w.desk, row, change)
    assert following.quantity == 12
    assert (await modify.modify(w.desk, row, change)).id == following.id


def dying(w: World, kind: type):  # type: ignore[no-untyped-def,type-arg]
    append = w.journal.append

    async def once(facts):  # type: ignore[no-untyped-def]
        if facts and isinstance(facts[0], kind):
            raise RuntimeError("the worker dies")
        return await append(facts)

    return once


async def test_a_larger_one_that_the_checks_refuse_changes_nothing():
    w = await open_world()
    order = await resting(w)
    text = await said(w, f"/modify {order.id} qty 60 yes", pressed=True)
    assert "6.0 % of equity, limit 5.0 %" in text
    assert (await fresh(w, order)).state is S.ACCEPTED


async def test_nobody_changes_an_order_into_more_than_they_may_decide_alone():
    w = await open_world(operators=(replace(ANN, largest=D(1000)), BOB))
    order = await resting(w)
    text = await said(w, f"/modify {order.id} qty 12 yes", pressed=True)
    assert "That is 1,200.00 USD; you may decide 1,000.00 USD alone" in text
    assert (await fresh(w, order)).state is S.ACCEPTED
    assert "goes on as order" in await said(w, f"/modify {order.id} qty 8")


# Whatever comes in between

ACTS = st.one_of(
    st.tuples(st.just("price"), st.integers(97, 101)),
    st.tuples(st.just("part"), st.integers(1, 6)),
    st.tuples(st.just("qty"), st.integers(1, 20)),
    st.tuples(st.just("limit"), st.integers(97, 100)),
    st.tuples(st.just("cancel"), st.just(0)),
    st.tuples(st.just("round"), st.just(0)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTS, max_size=14))
def test_one_order_is_alive_and_no_more_fills_than_was_last_asked(acts: list[tuple[str, int]]):
    async def play() -> None:
        w = await open_world()
        broker = w.broker
        whole, most = 10, 10
        order = await resting(w)
        for act, number in acts:
            rows = await w.journal.read(Order, order="-id")
            if act == "price":
                w.tape.prices["AAPL"] = D(number)
            elif act == "part":
                broker.portion = lambda whole, lot, n=number: D(n)  # type: ignore[attr-defined,misc]
            elif act == "round":
                await broker.work()  # type: ignore[attr-defined]
                await rounds.trade_once(w.desk, owner="t")
                await execute.follow(w.desk)
            elif act == "cancel":
                await said(w, f"/cancel {rows[0].id}", pressed=True)
            else:
                answer = await said(w, f"/modify {rows[0].id} {act} {number} yes", pressed=True)
                if act == "qty" and "goes on as order" in answer:
                    before = await filled(w, rows[1:])
                    whole = int(before) + number
                    most = max(most, whole)
            rows = await w.journal.read(Order)
            alive = [row for row in rows if not row.is_done]
            assert len(alive) <= 1
            there = await broker.working()  # type: ignore[attr-defined]
            assert len(there) <= 1
            done = sum((f.quantity for f in (await broker.fills(""))[0]), D(0))
            rest = sum((row.quantity for row in there), D(0))
            planned = sum((row.quantity for row in alive if row.state is S.PLANNED), D(0))
            assert done + rest + planned <= most
        assert order.origin == order.key
        assert await broken(w) == []

    async def filled(w: World, rows: list[Order]) -> Decimal:
        fills = await w.journal.read(Fill, order_key__in=tuple(row.key for row in rows))
        return sum((fill.quantity for fill in fills), D(0))

    async def broken(w: World) -> list[str]:
        return [text async for text in decisions.decided_once(w.desk)]

    asyncio.run(play())
