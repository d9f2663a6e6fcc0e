"""Sending: one claimed attempt, and what is put on record of how it ended.

While an order's `owner` is named, that process may still send it. Its name goes once the end of
the attempt is on record, or the process was proven dead; only then can its absence at the broker
mean anything.
"""

from datetime import timedelta
from typing import Any

from desk import (
    brackets,
    clearing,
    damage,
    doubt,
    judging,
    lists,
    locks,
    notices,
    rate,
    settle,
    squaring,
)
from desk.desk import Desk
from desk.funds import funds
from desk.halt import goes, trading_state
from trading.errors import BrokerError, BrokerRejected, DeskError, OutcomeUnknown, Refused
from trading.facts import Lane
from trading.messages import bold, message
from trading.orders import DONE, IN_DOUBT, Ack, Order, OrderState
from trading.ports import Broker

#: Wall time. The paper broker's client waits 6 s at most, so an attempt is over long before its
#: lease; whoever finds one older looks it up.
LEASE = timedelta(seconds=20)
#: Wall time from claim to send. A process that was stopped in between gives the order back rather
#: than send what others have begun to look for.
SEND_WITHIN = timedelta(seconds=10)


class Barred(Refused):
    """An entry that may not go any more, such as one on the blacklist: the order ends."""


class Overtaken(Refused):
    """A bracket's order for more than is left to close: it ends, and another is made."""


async def claim(
    desk: Desk, order: Order, *, owner: str = "", market: clearing.Market | None = None
) -> Order | None:
    """Take the order to send it; None where trading is halted, or only reduces, over it, or
    somebody was first. A halt that commits later finds it on its way; after a halt's commit
    nothing is claimed.

    `market`, asked just before, is what an entry is judged by again; without it, as where an
    order is sent a second time, none is. Raises Barred for an entry that may not go, rate.Over
    for one that waits its turn, DeskError where the instrument has an order in doubt or what is
    known is too old to send by.
    """
    owner = owner or await desk.owners.mine()
    async with desk.journal.transaction():
        if not goes(order, await trading_state(desk, order.strategy, order.broker)):
            return None  # waits: a resume sends it, the session's end expires it
        if await squaring.keeps_out(desk, order):
            return None  # and the square-off cancels it
        if not order.reduce_only:
            barred = (await lists.barred(desk)).get(order.symbol, "")
            locked = await locks.standing(desk)
            barred = barred or locks.why(desk, locked, order.symbol, order.strategy, order.side)
            if barred:
                raise Barred(f"{order.symbol} was {barred}")
            if market is not None:
                await _judge(desk, order, market)
        if overtaken := await brackets.check(desk, order):
            raise Overtaken(overtaken)
        if order.purpose != "squareoff":
            await _check_doubt(desk, order)
            await damage.check(desk, order.symbol)  # a square-off goes by the broker's own word
        now = desk.wall.now()
        changes: dict[str, Any] = {
            "owner": owner,
            "leased_until": now + LEASE,
            "claimed_at": order.claimed_at or now,
            "attempts": order.attempts + 1,
            "submitted_at": order.submitted_at or desk.market.now(),
        }
        if order.state is not OrderState.SUBMITTING:
            changes["state"] = OrderState.SUBMITTING
        return await desk.journal.move(order, **changes)


async def _judge(desk: Desk, order: Order, market: clearing.Market) -> None:
    """Every check of an entry once more, by what is known now."""
    waits, ends = clearing.at_claim(desk, order, market, await funds(desk, market.account))
    for check in waits:
        if not check.ok:
            raise DeskError(check.text)
    for check in ends:
        if not check.ok:
            raise Barred(check.text)
    await rate.require(desk, order)
    await judging.keep(desk, order.signal_id, judging.Stage.CLAIM, [*waits, *ends])


async def _check_doubt(desk: Desk, order: Order) -> None:
    wall = desk.wall.now()
    for other in await desk.journal.read(
        Order, symbol=order.symbol, state__in=tuple(IN_DOUBT), id__not=order.id
    ):
        if doubt.blocks(other, wall):
            raise DeskError(f"{order.symbol} has an order whose outcome is not known yet")


async def send(
    desk: Desk, broker: Broker, order: Order, *, again: bool = False
) -> OrderState | None:
    """Submit a claimed order once and record how that ended; the state the broker gave it, None
    where it was proven not sent. `again`: what became of an earlier attempt is not known, so that
    this one not sent proves nothing."""
    desk.hands.sending.add(order.key)
    try:
        return await _submit(desk, broker, order, again=again)
    finally:
        desk.hands.sending.discard(order.key)


async def _submit(desk: Desk, broker: Broker, order: Order, *, again: bool) -> OrderState | None:
    assert order.leased_until is not None
    if desk.wall.now() - (order.leased_until - LEASE) > SEND_WITHIN:
        await _not_sent(desk, order, "held up between claim and send", again=again)
        return None
    try:
        ack = await broker.submit(order)
    except BrokerRejected as refusal:
        if again:  # perhaps for the money of the first attempt, or for its very key
            desk.hands.refused.add(order.key)
            await ended(desk, order, str(refusal))
            return OrderState.UNKNOWN
        ack = Ack(order.key, OrderState.REJECTED, note=str(refusal))
    except OutcomeUnknown as silence:
        await ended(desk, order, str(silence))
        return OrderState.UNKNOWN
    except BrokerError as away:
        if await _not_sent(desk, order, str(away), again=again):
            await waits(desk, order, str(away))
        return None
    if ack.state in IN_DOUBT:
        await ended(desk, order, ack.note or f"{order.broker} cannot say how it stands")
        return OrderState.UNKNOWN
    await settle.acknowledge(desk, order, ack)
    desk.hands.forget(order.key)
    if ack.state is not OrderState.REJECTED:
        await catch_up(desk, broker, order, ack)
    return ack.state


async def _not_sent(desk: Desk, order: Order, why: str, *, again: bool) -> bool:
    if again:
        await ended(desk, order, why)
        return False
    return await unsent(desk, order)


async def catch_up(desk: Desk, broker: Broker, order: Order, ack: Ack) -> None:
    """Book the fills, then take the broker's word where it calls the order done. Its word is asked
    anew before the fills are read again: where reads lag behind answers, it is no newer than the
    fills are."""
    try:
        await settle.collect(desk, broker)
        if ack.state not in DONE:
            return
        current = await desk.journal.first(Order, id=order.id)
        if current is None or current.is_done:
            return
        said = await broker.find(order.key)
        if said is not None and said.state in DONE:
            await settle.collect(desk, broker)
            await settle.acknowledge(desk, order, said, collected=True)
    except BrokerError:
        return  # the next look collects


async def ended(desk: Desk, order: Order, why: str) -> Order | None:
    """Record that this attempt is over and its outcome unknown: nobody sends it any more. The
    order as it is then, None where another attempt or an answer has taken its place."""
    async with desk.journal.transaction():
        current = await _same_attempt(desk, order)
        if current is None:
            return None
        changes: dict[str, Any] = {"owner": "", "leased_until": desk.wall.now(), "note": why}
        if current.state is OrderState.SUBMITTING:
            changes["state"] = OrderState.UNKNOWN
        moved = await desk.journal.move(current, **changes)
        if moved is not None:
            await doubt.tell(desk, moved)
            await _tell_card(desk, moved)
    return moved


async def unsent(desk: Desk, order: Order) -> bool:
    """Back to PLANNED: this attempt, or all there were, are proven not to have arrived. False
    where the order has moved on meanwhile."""
    async with desk.journal.transaction():
        current = await _same_attempt(desk, order)
        if current is None:
            return False
        planned = await desk.journal.move(
            current,
            state=OrderState.PLANNED,
            owner="",
            leased_until=None,
            claimed_at=None,
            submitted_at=None,
        )
        if planned is None:
            return False
        await doubt.tell(desk, planned)
        if planned.asked_at is not None:
            planned = await desk.journal.move(planned, asked_at=None) or planned
        await _tell_card(desk, planned)
    desk.hands.forget(order.key)
    return True


async def waits(desk: Desk, order: Order, why: str) -> None:
    """An order that cannot go yet keeps its place; the reason is told when it is new."""
    current = await desk.journal.first(Order, id=order.id)
    if current is None or current.state is not OrderState.PLANNED or current.note == why:
        return
    async with desk.journal.transaction():
        if await desk.journal.move(current, note=why):
            text = f"\n{why}.\nIt is tried again until its session ends."
            said = message(bold(f"Waiting: {doubt.what(order)}"), text)
            await notices.tell(desk, said, lane=Lane.CRITICAL)
    await desk.bell.ring("postman")


async def _same_attempt(desk: Desk, order: Order) -> Order | None:
    """The order as it stands, while it is in doubt over this very attempt."""
    current = await desk.journal.first(Order, id=order.id)
    if current is None or current.state not in IN_DOUBT or current.attempts != order.attempts:
        return None
    return current


async def _tell_card(desk: Desk, order: Order) -> None:
    if order.signal_id is not None:
        card = notices.card_subject(order.signal_id)
        await notices.tell_changed(desk, "card", [card], lane=Lane.CRITICAL)
