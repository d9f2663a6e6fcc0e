"""Execute: claim an order that is due, send it under its own key, record what the broker said."""

from datetime import timedelta

from desk import lists, notices, settle, wording
from desk.decide import decider, trading_state
from desk.desk import Desk
from risk import checks
from trading.errors import (
    BrokerError,
    BrokerRejected,
    DeskError,
    OutcomeUnknown,
    QuarterdeckError,
)
from trading.facts import Lane, Trading
from trading.messages import bold, message
from trading.orders import DONE, Ack, Order, OrderState
from trading.ports import Broker, Session
from trading.signals import Signal

#: Longer than any broker's timeout and read lag together: only then is a silence looked up.
LEASE = timedelta(seconds=30)


async def due(desk: Desk) -> list[Order]:
    """Orders to send now, exits before entries, then as they were approved."""
    orders = await desk.journal.read(
        Order, state=OrderState.PLANNED, execute_at__lte=desk.market.now()
    )
    return sorted(orders, key=lambda order: (not order.reduce_only, order.id))


async def execute_due(desk: Desk, *, owner: str) -> int:
    """Send everything due. Returns how many orders went out or were refused."""
    handled = 0
    for order in await due(desk):
        if desk.shift.is_over:
            break  # the next process sends what is left
        try:
            handled += await execute(desk, order, owner=owner)
        except QuarterdeckError as trouble:  # of this order alone; the others go
            await _waits(desk, order, str(trouble))
    return handled


async def _waits(desk: Desk, order: Order, why: str) -> None:
    """An order that cannot go yet keeps its place; the reason is told when it is new."""
    current = await desk.journal.first(Order, id=order.id)
    if current is None or current.state is not OrderState.PLANNED or current.note == why:
        return
    async with desk.journal.transaction():
        if await desk.journal.move(current, note=why):
            title = f"Waiting: {order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
            said = message(bold(title), f"\n{why}.\nIt is tried again until its session ends.")
            await notices.tell(desk, said, lane=Lane.CRITICAL)
    await desk.bell.ring("postman")


async def execute(desk: Desk, order: Order, *, owner: str) -> bool:
    """Claim and send one order; False where it must wait or somebody else has it."""
    now = desk.market.now()
    session = desk.calendar.session_at(now)
    if session is None or order.execute_at < session.open:  # it may be a session too late
        late = order.purpose != "squareoff" and now >= _own_session(desk, order).close
        if late:
            why = "its session passed before it could go"
            return await _end(desk, order, OrderState.EXPIRED, why)
    if session is None:
        return False
    instrument = desk.instrument(order.symbol)
    quote = await desk.feed.quote(order.symbol, now)
    if quote is None or not quote.tradable:
        return False  # waits for the session's first price; the session's end expires it
    if not order.reduce_only and order.reference is not None:
        limit = desk.limits.collar
        collar = checks.check_drift(quote.price, order.reference, limit, what="the market")
        if not collar.ok:
            return await _end(desk, order, OrderState.REJECTED, collar.text)
    async with desk.journal.transaction():
        state = await trading_state(desk)
        if state is Trading.HALTED and order.purpose != "squareoff":
            return False  # waits: a resume sends it, the session's end expires it
        listed = checks.check_barred(await _barred(desk, order))
        changes = {"owner": owner, "leased_until": desk.wall.now() + LEASE, "submitted_at": now}
        claimed = (
            await desk.journal.move(order, state=OrderState.SUBMITTING, **changes)
            if listed.ok
            else None
        )
    if not listed.ok:
        return await _end(desk, order, OrderState.REJECTED, f"{order.symbol} was {listed.text}")
    if claimed is None:
        return False
    await _send(desk, desk.broker_of(instrument), claimed)
    return True


async def _barred(desk: Desk, order: Order) -> str:
    """Why an entry may not go after all; an exit always may."""
    return "" if order.reduce_only else (await lists.barred(desk)).get(order.symbol, "")


def _own_session(desk: Desk, order: Order) -> Session:
    """The session an order was meant for."""
    at = order.execute_at
    return desk.calendar.session_at(at) or desk.calendar.next_session(at)


async def _send(desk: Desk, broker: Broker, order: Order) -> None:
    """Submit once. What the broker says moves the order; silence makes it UNKNOWN."""
    try:
        ack = await broker.submit(order)
    except BrokerRejected as refusal:
        ack = Ack(order.key, OrderState.REJECTED, note=str(refusal))
    except OutcomeUnknown as silence:
        ack = Ack(order.key, OrderState.UNKNOWN, note=str(silence))
    except BrokerError as away:  # proven not sent
        if order.state is OrderState.SUBMITTING:
            back = await desk.journal.move(
                order, state=OrderState.PLANNED, owner="", leased_until=None, submitted_at=None
            )
            if back is not None:
                await _waits(desk, back, str(away))
        return
    await settle.acknowledge(desk, order, ack)
    if ack.state is not OrderState.REJECTED:
        await _catch_up(desk, broker, order, ack)


async def _catch_up(desk: Desk, broker: Broker, order: Order, ack: Ack) -> None:
    """Book the fills, then take the broker's word where it calls the order done."""
    try:
        await settle.collect(desk, broker)
    except BrokerError:
        return  # the next look collects
    if ack.state in DONE:
        await settle.acknowledge(desk, order, ack, collected=True)


async def follow(desk: Desk) -> None:
    """Ask the brokers how their working orders stand; for ends that bring no fill."""
    for order in await desk.journal.read(
        Order, state__in=(OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
    ):
        broker = desk.brokers[order.broker]
        try:
            ack = await broker.find(order.key)
        except BrokerError:
            continue
        if ack is not None and ack.state in DONE:
            await _catch_up(desk, broker, order, ack)


async def resolve(desk: Desk) -> int:
    """Look up orders whose outcome is not known and whose owner's time has passed.

    An order the broker has never heard of is sent again only where the broker dedupes by our
    key; elsewhere it stays UNKNOWN, its instrument is blocked and the operator was told.
    """
    resolved = 0
    for order in await desk.journal.read(
        Order,
        state__in=(OrderState.SUBMITTING, OrderState.UNKNOWN),
        leased_until__lt=desk.wall.now(),
    ):
        broker = desk.brokers[order.broker]
        try:
            ack = await broker.find(order.key)
        except BrokerError:
            continue  # still away; the next sweep asks again
        if ack is not None:
            resolved += await settle.acknowledge(desk, order, ack)
        elif broker.dedupes:
            claimed = await desk.journal.move(order, leased_until=desk.wall.now() + LEASE)
            if claimed is not None:
                await _send(desk, broker, claimed)
                resolved += 1
        elif order.state is OrderState.SUBMITTING:
            note = "the broker does not show it; check there before trading this instrument"
            await settle.acknowledge(desk, order, Ack(order.key, OrderState.UNKNOWN, note=note))
    return resolved


async def cancel(desk: Desk, order: Order, *, note: str) -> Order | None:
    """Cancel an order wherever it is. None where it was done or on its way already."""
    now = desk.market.now()
    if order.state is OrderState.PLANNED:
        moved = await desk.journal.move(order, state=OrderState.CANCELLED, note=note, done_at=now)
        if moved is not None and moved.signal_id is not None:
            await notices.tell_changed(desk, "card", [notices.card_subject(moved.signal_id)])
        return moved
    if order.state not in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED):
        return None
    try:
        ack = await desk.brokers[order.broker].cancel(order.key)
    except BrokerError as error:
        raise DeskError(f"could not cancel {order.symbol}: {error}") from error
    await settle.acknowledge(desk, order, ack)
    return await desk.journal.first(Order, id=order.id)


async def _end(desk: Desk, order: Order, state: OrderState, reason: str) -> bool:
    """Close an order that was never sent, and say why."""
    async with desk.journal.transaction():
        moved = await desk.journal.move(order, state=state, note=reason, done_at=desk.market.now())
        if moved is None:
            return False
        await tell_not_sent(desk, moved)
    await desk.bell.ring("postman")
    return True


async def tell_not_sent(desk: Desk, order: Order) -> None:
    who = ""
    if order.signal_id is not None:
        await notices.tell_changed(
            desk, "card", [notices.card_subject(order.signal_id)], lane=Lane.CRITICAL
        )
        signal = await desk.journal.first(Signal, id=order.signal_id)
        who = f" (approved by {decider(desk, signal)})" if signal else ""
    title = f"Not sent: {order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
    text = message(bold(title + who), f"\n{order.note}.")
    await notices.tell(desk, text, lane=Lane.CRITICAL)
