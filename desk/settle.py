"""Settle: fills are recorded once, an order moves by what filled, and only a move is told."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from desk import doubt, notices, rates, wording
from desk.desk import Desk
from trading.errors import DamagedRow
from trading.facts import Cursor, Lane, Picture
from trading.messages import bold, message
from trading.orders import DONE, IN_DOUBT, ORDER_MOVES, Ack, Fill, Order, OrderState, OrderType
from trading.ports import Broker
from trading.signals import Signal

ZERO = Decimal(0)
CENT, PRICE_STEP = Decimal("0.01"), Decimal("0.0001")

#: What the desk calls executions it did not order: somebody traded by hand at the broker.
UNASSIGNED = "unassigned"


async def acknowledge(desk: Desk, order: Order, ack: Ack, *, collected: bool = False) -> bool:
    """Move `order` to what the broker says of it; False where it is there already.

    FILLED is reached through fills, so that a position never changes without one. Only after
    they were `collected` is the broker's own FILLED taken: it may have cut a reduce-only order.
    """
    target = ack.state
    if target in (OrderState.FILLED, OrderState.PARTIALLY_FILLED) and not collected:
        target = OrderState.ACCEPTED
    async with desk.journal.transaction():
        current = await desk.journal.first(Order, id=order.id)
        if current is None or target not in ORDER_MOVES[current.state]:
            return False
        if current.state is OrderState.PLANNED:
            return False  # an answer about an attempt that was proven not to have arrived
        changes: dict[str, Any] = {"broker_ref": ack.broker_ref or current.broker_ref}
        if target in DONE:
            changes["done_at"] = desk.market.now()
        moved = await desk.journal.move(current, state=target, note=ack.note, **changes)
        if moved is None:
            return False
        if target is not OrderState.ACCEPTED or current.state is OrderState.UNKNOWN:
            await _tell(desk, moved)
        if current.state in IN_DOUBT:
            await doubt.tell(desk, moved)
    await desk.bell.ring("postman")
    return True


async def collect(desk: Desk, broker: Broker) -> int:
    """Record the broker's new executions and move their orders. Returns how many were new."""
    name = f"fills:{broker.name}:{broker.account_id}"
    cursor = await desk.journal.first(Cursor, name=name)
    if cursor is None:
        await desk.journal.append([Cursor(name, "")])
        cursor = await desk.journal.first(Cursor, name=name)
        assert cursor is not None
    fills, position = await broker.fills(cursor.value)
    if position == cursor.value:
        return 0
    async with desk.journal.transaction():
        new = await _record(desk, fills)
        # Reading it again from an older cursor is harmless: fills are unique by execution id.
        await desk.journal.move(cursor, value=position)
    if any(fill.currency != desk.currency for fill in new):
        await rates.keep(desk)
    if new:
        await desk.bell.ring("postman")
        await desk.bell.ring("draw")
    return len(new)


async def _record(desk: Desk, fills: Iterable[Fill]) -> list[Fill]:
    rows = list(fills)
    keys = tuple({fill.order_key for fill in rows})
    orders = {order.key: order for order in await desk.journal.read(Order, key__in=keys)}
    books = {key: order.strategy for key, order in orders.items()}
    if missing := tuple(set(keys) - orders.keys()):
        for row in await desk.journal.damaged(Order, key__in=missing):  # ours, and not readable
            books[row.known["key"]] = row.known.get("strategy", UNASSIGNED)
    owned = [replace(fill, strategy=books.get(fill.order_key, UNASSIGNED)) for fill in rows]
    new = await desk.journal.append(owned)
    touched = {fill.order_key for fill in new}
    for key in sorted(touched & orders.keys()):
        with suppress(DamagedRow):  # told by itself; that order stands, the other fills are booked
            await _advance(desk, orders[key])
    strangers = [fill for fill in new if fill.order_key not in books]
    for fill in strangers:
        await notices.tell(
            desk,
            message(
                bold(f"A fill we did not order: {fill.symbol}"),
                f"\n{fill.side.value} {wording.quantity(fill.quantity)} @ "
                f"{wording.price(fill.price)} at {fill.broker}. Booked as {UNASSIGNED!r}.",
            ),
            lane=Lane.CRITICAL,
            subject=f"fill:{fill.broker}:{fill.execution_id}",
            topic="fills",
        )
    return new


async def _advance(desk: Desk, order: Order) -> None:
    """Move an order, read in this transaction, to what its fills say, and tell it."""
    fills = await desk.journal.read(Fill, order_key=order.key)
    filled = sum((fill.quantity for fill in fills), ZERO)
    full = filled >= order.quantity
    was = order
    target = OrderState.FILLED if full else OrderState.PARTIALLY_FILLED
    if target in ORDER_MOVES[order.state]:
        done = {"done_at": desk.market.now()} if full else {}
        order = await desk.journal.move(order, state=target, **done) or order
    if was.is_done:
        await notices.tell(
            desk,
            message(
                bold(f"{order.symbol} filled after it was {was.state.value}"),
                f"\n{wording.quantity(filled)} of {wording.quantity(order.quantity)} in all; "
                "the position has changed. /positions shows it.",
            ),
            lane=Lane.CRITICAL,
            topic="fills",
        )
    await _tell(desk, order)
    if was.asked_at is not None:
        await doubt.tell(desk, order)
    if full:
        await _follow_up(desk, order, fills)


async def _tell(desk: Desk, order: Order) -> None:
    if order.purpose == "manual" and order.state in (OrderState.FILLED, OrderState.CANCELLED):
        what = f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
        title = f"{wording.capital(order.state.value)}: {what}"
        at = f"\nAt {order.broker}, in {order.strategy}. /orders shows it."
        await notices.tell(desk, message(bold(title), at), lane=Lane.CRITICAL, topic="fills")
    if order.purpose == "exit" and order.state is OrderState.FILLED:
        await _tell_exit(desk, order)
    if order.signal_id is not None:
        await notices.tell_changed(
            desk, "card", [notices.card_subject(order.signal_id)], lane=Lane.CRITICAL
        )
        if desk.operators:
            signal = await desk.journal.first(Signal, id=order.signal_id)
            if signal is not None and not signal.carded:
                await notices.tell_changed(desk, "list", [notices.scan_subject(signal)])
    if order.state is OrderState.REJECTED:
        said = message(
            bold(f"Rejected: {doubt.what(order)}"),
            f"\n{order.note or 'the broker gave no reason'}",
        )
        await notices.tell(desk, said, lane=Lane.CRITICAL, topic="fills")


async def _tell_exit(desk: Desk, order: Order) -> None:
    fills = await desk.journal.read(Fill, order_key=order.key)
    filled = sum((fill.quantity for fill in fills), ZERO) or Decimal(1)
    average = sum((fill.quantity * fill.price for fill in fills), ZERO) / filled
    what = f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
    kind = "Stop" if order.type is OrderType.STOP else "Exit"
    price = wording.price(average.quantize(CENT))
    text = f"\n@ {price} at {order.broker}, in {order.strategy}. /trades shows what it made."
    said = message(bold(f"{kind} filled: {what}"), text)
    await notices.tell(desk, said, lane=Lane.CRITICAL, topic="fills")


async def _follow_up(desk: Desk, order: Order, fills: list[Fill]) -> None:
    """Draw the card's chart again with the fill on it."""
    if order.signal_id is None:
        return
    subject = notices.card_subject(order.signal_id)
    before = await desk.journal.first(Picture, subject=subject, order="-id")
    if before is None:
        return
    filled = sum((fill.quantity for fill in fills), ZERO)
    average = sum((fill.quantity * fill.price for fill in fills), ZERO) / filled
    mark = {
        "ts": fills[-1].at.isoformat(),
        "price": str(average.quantize(PRICE_STEP)),
        "side": order.side.value,
        "label": f"{wording.quantity(filled)} @ {wording.price(average.quantize(CENT))}",
    }
    spec = {**before.spec, "marks": [*before.spec.get("marks", ()), mark]}
    await desk.journal.append([Picture("candles", spec, desk.wall.now(), subject=subject)])
