"""Rules between our books and a broker's. BrokerError where it cannot be asked."""

from decimal import Decimal
from typing import Any

from desk.desk import Desk
from desk.invariants.rule import PAGE, Sentences, pages
from trading.orders import AT_BROKER, DONE, Fill, Order, OrderState, Resting
from trading.ports import Broker, ShowsOrders

ZERO = Decimal(0)

#: Sent and answered; what is SUBMITTING or UNKNOWN may or may not be there.
EXPECTED = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)

#: What one execution is in both books.
FIGURES = ("order_key", "symbol", "side", "quantity", "price", "fee", "currency", "multiplier")


async def same_open_orders(desk: Desk, broker: Broker) -> Sentences:
    theirs = await broker.working() if isinstance(broker, ShowsOrders) else []
    async for page in pages(desk.journal, Order, broker=broker.name, state__in=EXPECTED):
        for order in page:
            ack = await broker.find(order.key)
            if ack is None or ack.state not in AT_BROKER:
                said = "does not know it" if ack is None else f"says {ack.state}"
                yield f"order {order.key} ({order.symbol}) is {order.state} here, the broker {said}"
    keys = tuple(resting.key for resting in theirs)
    ours = {o.key: o for o in await desk.journal.read(Order, key__in=keys)} if keys else {}
    for resting in {resting.key: resting for resting in theirs}.values():
        if wrong := _astray(resting, ours.get(resting.key), keys.count(resting.key)):
            yield f"order {resting.key} ({resting.symbol}) works at the broker {wrong}"


def _astray(resting: Resting, order: Order | None, times: int) -> str:
    if times > 1:
        return f"{times} times over"
    if order is None:
        return "and is unknown here"
    if order.state in DONE or order.state is OrderState.PLANNED:
        return f"and is {order.state} here"
    if (resting.symbol, resting.side) != (order.symbol, order.side):
        return f"as a {resting.side} of {resting.symbol}, here it is {order.side} {order.symbol}"
    return ""


async def same_executions(desk: Desk, broker: Broker) -> Sentences:
    """A broker may forget what is old: ours are looked for from its oldest on."""
    theirs = await _shown(broker)
    oldest = min((fill.at for fill in theirs.values()), default=None)
    here: dict[str, Any] = {"broker": broker.name, "account": broker.account_id}
    ids = list(theirs)
    matched = 0
    for start in range(0, len(ids), PAGE):
        part = tuple(ids[start : start + PAGE])
        rows = await desk.journal.read(Fill, execution_id__in=part, **here)
        ours = {fill.execution_id: fill for fill in rows}
        matched += sum(oldest is None or fill.at >= oldest for fill in rows)
        for execution_id in part:
            fill = theirs[execution_id]
            if wrong := _differs(ours.get(execution_id), fill):
                yield f"execution {execution_id} ({fill.symbol}) {wrong}"
    recent = here if oldest is None else {**here, "at__gte": oldest}
    if await desk.journal.count(Fill, **recent) == matched:
        return
    async for page in pages(desk.journal, Fill, **recent):
        for fill in page:
            if fill.execution_id not in theirs and not fill.is_adopted:
                yield f"execution {fill.execution_id} ({fill.symbol}) is booked, not there"


async def _shown(broker: Broker) -> dict[str, Fill]:
    shown: dict[str, Fill] = {}
    cursor = ""
    while True:
        page, after = await broker.fills(cursor)
        for fill in page:
            shown[fill.execution_id] = fill
        if after == cursor or not page:
            return shown
        cursor = after


def _differs(ours: Fill | None, theirs: Fill) -> str:
    if ours is None:
        return "is the broker's, and not booked here"
    for name in FIGURES:
        mine, its = getattr(ours, name), getattr(theirs, name)
        if mine != its:
            return f"has {name.replace('_', ' ')} {mine} here, {its} at the broker"
    return ""


async def same_positions(desk: Desk, broker: Broker) -> Sentences:
    theirs = {held.symbol: held.quantity for held in await broker.positions()}
    ours = (await desk.books.ledger()).net(broker.account_id)
    for symbol in sorted(theirs.keys() | ours.keys()):
        its, mine = theirs.get(symbol, ZERO), ours.get(symbol, ZERO)
        if its != mine:
            yield f"{symbol}: {mine:f} here, {its:f} at the broker"
