"""Readings: what a broker says it holds, beside our books, and whether that can be acted on.

A broker's reading may lag behind fills we have booked, and both behind fills that are still to be
shown. So one counts at once only where both sides agree and no order has just ended short of its
quantity; else once nothing of that instrument has moved for as long as the broker takes to settle.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from desk import settle
from desk.desk import Desk
from trading.errors import DamagedRow
from trading.orders import AT_BROKER, WORKING, Fill, Order, OrderState
from trading.ports import Broker
from trading.types import Holdings, Side

ZERO = Decimal(0)
RECENT = timedelta(hours=1)  # market time after an order's end, in which it may still show fills
UNSAID = timedelta(seconds=60)  # wall time, where a broker does not say how long it settles
CUT_SHORT = (OrderState.CANCELLED, OrderState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Reading:
    """One instrument at one broker."""

    broker: Broker
    holding: Holdings  # of nothing where only our books know the instrument
    books: Mapping[str, Decimal] | None  # signed units by strategy; None: cannot be read
    orders: tuple[Order, ...]  # working, or ended a short while ago
    settled: bool = field(default=False, compare=False)

    @property
    def symbol(self) -> str:
        return self.holding.symbol

    @property
    def agrees(self) -> bool:
        return self.books is not None and self.holding.quantity == sum(self.books.values(), ZERO)

    @property
    def may_still_fill(self) -> bool:
        """Whether an order ended short of its quantity, with fills that may not be shown yet."""
        return any(o.state in CUT_SHORT and o.submitted_at is not None for o in self.orders)

    @property
    def seen(self) -> frozenset[object]:
        """What it was read from: while all of it stays, nothing has moved."""
        books = None if self.books is None else tuple(sorted(self.books.items()))
        figures = ("theirs", self.holding.quantity), ("ours", books)
        return frozenset((*figures, *((order.id, order.version) for order in self.orders)))

    def closing(self) -> tuple[Order, ...]:
        """Orders at the broker, or perhaps there, that make the position smaller by themselves."""
        side = Side.SELL if self.holding.quantity > 0 else Side.BUY
        return tuple(o for o in self.orders if o.state in AT_BROKER and o.side is side)


async def read(desk: Desk, broker: Broker) -> list[Reading]:
    """Every instrument that the broker holds, or our books or recent orders know of. Raises
    BrokerError where it is away."""
    settles_in = (await broker.terms()).settles_in
    # Orders are read before positions: one that fills in between is seen as still working.
    orders = await _orders(desk, broker)
    began = desk.wall.now()
    await settle.collect(desk, broker)
    held = {holding.symbol: holding for holding in await broker.positions()}
    books = await _books(desk, broker)
    found = []
    for symbol in sorted(held.keys() | orders.keys() | (books or {}).keys()):
        holding = held.get(symbol, Holdings(symbol, ZERO, ZERO))
        ours = None if books is None else books.get(symbol, {})
        reading = Reading(broker, holding, ours, orders.get(symbol, ()))
        since = desk.hands.quiet(broker.name, symbol, reading.seen, began)
        waited = began - since >= (UNSAID if settles_in is None else settles_in)
        sure = reading.agrees and not reading.may_still_fill
        found.append(replace(reading, settled=sure or waited))
    return found


async def catch_up(desk: Desk, broker: Broker) -> None:
    """Book what orders that ended short a while ago had filled: once more, at the least, after
    the broker's reads must show it. Raises BrokerError where it is away."""
    rows = await desk.journal.read(
        Order,
        broker=broker.name,
        state__in=CUT_SHORT,
        submitted_at__isnull=False,
        done_at__gte=desk.market.now() - RECENT,
    )
    ended: frozenset[object] = frozenset(order.id for order in rows)
    if ended <= desk.hands.caught.get(broker.name, frozenset()):
        return
    began = desk.wall.now()
    since = desk.hands.quiet(broker.name, "", ended, began)
    settles_in = (await broker.terms()).settles_in
    await settle.collect(desk, broker)
    if began - since >= (UNSAID if settles_in is None else settles_in):
        desk.hands.caught[broker.name] = ended


async def stands(desk: Desk, reading: Reading) -> bool:
    """Whether our orders and books are still as when it was read; ask in the transaction that acts
    on it."""
    broker, symbol = reading.broker, reading.symbol
    books = await _books(desk, broker)
    ours = None if books is None else books.get(symbol, {})
    orders = (await _orders(desk, broker, symbol=symbol)).get(symbol, ())
    return reading == Reading(broker, reading.holding, ours, orders)


async def committed(desk: Desk, reading: Reading) -> dict[str, Decimal]:
    """Units that orders at the broker may still take off the position, by strategy."""
    units: dict[str, Decimal] = {}
    for order in reading.closing():
        fills = await desk.journal.read(Fill, order_key=order.key)
        left = order.quantity - sum((fill.quantity for fill in fills), ZERO)
        units[order.strategy] = units.get(order.strategy, ZERO) + max(left, ZERO)
    return units


async def _orders(desk: Desk, broker: Broker, **where: Any) -> dict[str, tuple[Order, ...]]:
    here: dict[str, Any] = {"broker": broker.name, **where}
    since = desk.market.now() - RECENT
    rows = await desk.journal.read(Order, state__in=tuple(WORKING), **here)
    rows += await desk.journal.read(Order, done_at__gte=since, **here)
    found: dict[str, tuple[Order, ...]] = {}
    for order in {order.id: order for order in rows}.values():
        found[order.symbol] = (*found.get(order.symbol, ()), order)
    return found


async def _books(desk: Desk, broker: Broker) -> dict[str, dict[str, Decimal]] | None:
    """Signed units by symbol and strategy. Where they cannot be read, flat at the broker matters
    more than flat by strategy."""
    with suppress(DamagedRow):
        found: dict[str, dict[str, Decimal]] = {}
        for position in (await desk.books.ledger()).held():
            if position.book.account == broker.account_id and position.quantity:
                ours = found.setdefault(position.book.symbol, {})
                ours[position.book.strategy] = position.quantity
        return found
    return None
