"""Rules of fills: orders stand as they filled, books are their orders', sums come out."""

from collections.abc import Iterable
from decimal import Decimal

from desk.desk import Desk
from desk.invariants.rule import Sentences, pages
from desk.settle import UNASSIGNED
from trading.money import Action, Adjustment
from trading.orders import DONE, ORDER_MOVES, Fill, Order, OrderState

ZERO = Decimal(0)
FILLED, PARTLY = OrderState.FILLED, OrderState.PARTIALLY_FILLED

#: An order may end in these with a part of it filled.
CUT_SHORT = (OrderState.CANCELLED, OrderState.EXPIRED)


async def state_as_filled(desk: Desk) -> Sentences:
    async for page in pages(desk.journal, Order):
        filled = await _filled(desk, page)
        for order in page:
            if wrong := _disagrees(order, filled.get(order.key, ZERO)):
                state = order.state.replace("_", " ")
                yield f"order {order.key} ({order.symbol}) is {state}{wrong}"


async def _filled(desk: Desk, orders: Iterable[Order]) -> dict[str, Decimal]:
    keys = tuple(order.key for order in orders)
    filled: dict[str, Decimal] = {}
    for fill in await desk.journal.read(Fill, order_key__in=keys):
        filled[fill.order_key] = filled.get(fill.order_key, ZERO) + fill.quantity
    return filled


def _disagrees(order: Order, filled: Decimal) -> str:
    """What is wrong with the state of an order of which so much has filled; "" if nothing."""
    of = f", with {filled:f} of {order.quantity:f} filled"
    if filled > order.quantity:
        return of
    if order.state is FILLED:
        cut = order.reduce_only and filled  # a broker cuts what would more than close
        return "" if filled == order.quantity or cut else of
    if order.state is PARTLY:
        return "" if ZERO < filled < order.quantity else of
    if not filled:
        return ""
    if order.state in CUT_SHORT:
        return of if filled == order.quantity else ""
    if order.state is OrderState.UNKNOWN:  # what is left of it is in doubt
        return of if filled == order.quantity else ""
    allowed = order.state in DONE and PARTLY in ORDER_MOVES[order.state]
    return of if filled == order.quantity or not allowed else ""


async def fills_have_orders(desk: Desk) -> Sentences:
    ours = {(broker.name, broker.account_id) for broker in desk.brokers.values()}
    async for page in pages(desk.journal, Fill):
        keys = tuple({fill.order_key for fill in page})
        orders = {order.key: order for order in await desk.journal.read(Order, key__in=keys)}
        for fill in page:
            order = orders.get(fill.order_key)
            elsewhere = bool(ours) and (fill.broker, fill.account) not in ours  # imported
            if wrong := _misplaced(fill, order, elsewhere=elsewhere):
                yield f"fill {fill.execution_id} at {fill.broker} {wrong}"


def _misplaced(fill: Fill, order: Order | None, *, elsewhere: bool) -> str:
    if fill.quantity <= 0 or fill.price < 0:
        return f"is of {fill.quantity:f} at {fill.price:f}"
    if order is None:
        if fill.is_adopted:  # by an operator, from whichever book it was that lacked it
            return ""
        book = elsewhere or fill.strategy == UNASSIGNED
        return "" if book else f"is booked as {fill.strategy!r} and has no order {fill.order_key}"
    theirs = (fill.broker, fill.account, fill.symbol, fill.side)
    ours = (order.broker, order.account, order.symbol, order.side)
    if theirs != ours:
        return f"is {_words(theirs)}, and its order {order.key} is {_words(ours)}"
    if fill.strategy == UNASSIGNED and fill.at <= order.created_at:
        return ""  # booked before its order was adopted
    if fill.strategy != order.strategy:
        return f"is booked as {fill.strategy!r}, and its order {order.key} is of {order.strategy!r}"
    return ""


def _words(parts: Iterable[str]) -> str:
    return "/".join(str(part) for part in parts)


async def actions_can_be(desk: Desk) -> Sentences:
    for one in await desk.journal.read(Action):
        if one.fault:
            yield f"action {one.id} ({one.reference}, {one.symbol}): {one.fault}"


async def currencies_are_one(desk: Desk) -> Sentences:
    ledger = await desk.books.ledger()
    for book, position in ledger.positions.items():
        if position.of and position.quantity:
            first = ledger.position(book.strategy, book.account, position.of).currency
            yield (
                f"{position.of} of {book.strategy} ({book.account}) was traded in {first} and in "
                f"{position.currency}, {position.quantity:f} of it held in {position.currency}"
            )


async def sums_come_out(desk: Desk) -> Sentences:
    """Cash is what was paid in, plus what was realised, less fees and what the open lots cost."""
    ledger = await desk.books.ledger()
    due: dict[tuple[str, str], Decimal] = {}
    async for adjustments in pages(desk.journal, Adjustment):
        for one in adjustments:
            purse = (one.account, one.currency)
            due[purse] = due.get(purse, ZERO) + one.amount
    for book, position in ledger.positions.items():
        purse = (book.account, position.currency)
        made = position.realised - position.fees - position.taxes - position.cost
        due[purse] = due.get(purse, ZERO) + made
    for purse in sorted(ledger.cash.keys() | due.keys()):
        cash, made = ledger.cash.get(purse, ZERO), due.get(purse, ZERO)
        if cash != made:
            yield f"the cash of {purse[0]} is {cash:f} {purse[1]}, its books make {made:f}"
