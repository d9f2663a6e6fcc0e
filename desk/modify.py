"""Modify: an order is cancelled, and what is left of it goes on under a key derived from its own.

Never are both alive: the new one is written in the transaction that reads the old one's end and
its fills, after the broker has confirmed the cancel.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from desk import assent, clearing, damage, execute, notices, sending, settle, wording
from desk.desk import Desk
from desk.funds import funds
from desk.halt import trading_state
from risk import checks
from trading.errors import BrokerError, DeskError
from trading.facts import Cursor, Request
from trading.orders import DONE, IN_DOUBT, Fill, Order, OrderState, OrderType
from trading.rounding import to_lot, to_tick

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked: `quantity` in all, units, what has filled among it; None stays as it is."""

    order_id: int
    quantity: Decimal | None = None
    limit: Decimal | None = None


async def order_of(desk: Desk, order_id: int) -> Order:
    order = await desk.journal.first(Order, id=order_id)
    if order is None:
        raise DeskError(f"there is no order {order_id}; /orders lists them")
    return order


async def working(desk: Desk, order_id: int) -> Order:
    """An order that can be cancelled or changed now; DeskError says why it cannot."""
    order = await order_of(desk, order_id)
    what = f"order {order_id} ({order.symbol})"
    if order.is_done:
        raise DeskError(f"{what} is {order.state.value.replace('_', ' ')} already")
    if order.state in IN_DOUBT:
        raise DeskError(f"{what} was sent and not answered yet; /unknown shows what is in doubt")
    if order.purpose == "exit":
        raise DeskError(f"{what} protects a position; /close {order.symbol} closes it")
    if order.purpose == "squareoff":
        raise DeskError(f"{what} is part of a square-off; /resume ends one that is flat")
    return order


async def left(desk: Desk, order: Order) -> Decimal:
    """Units not filled yet."""
    fills = await desk.journal.read(Fill, order_key=order.key)
    return order.quantity - sum((fill.quantity for fill in fills), ZERO)


async def wanted(desk: Desk, change: Change) -> Order:
    """The order as it would go on, not recorded; DeskError for a change that cannot be."""
    order = await working(desk, change.order_id)
    return await _next(desk, order, change)


async def _next(desk: Desk, order: Order, change: Change) -> Order:
    instrument = desk.instrument(order.symbol)
    filled = order.quantity - await left(desk, order)
    whole = order.quantity if change.quantity is None else change.quantity
    rest = whole - filled
    if not order.reduce_only:
        rest = to_lot(rest, instrument.lot)
    if rest <= 0:
        done = f"{wording.quantity(filled)} of it have filled; /cancel {order.id} ends the rest"
        raise DeskError(f"{wording.quantity(whole)} leaves nothing of order {order.id}: {done}")
    if order.reduce_only and rest > order.quantity - filled:
        raise DeskError("an exit can only be made smaller; /close closes more")
    limit = order.limit
    if change.limit is not None:
        limit = to_tick(change.limit, instrument.tick, order.side)
        if limit <= 0:
            raise DeskError(f"a limit must be at least one tick, {instrument.tick:f}")
    if (rest, limit) == (order.quantity - filled, order.limit):
        raise DeskError(f"order {order.id} stands like that already")
    now = desk.market.now()
    return Order(
        key=f"{order.key}-m{order.id}",
        strategy=order.strategy,
        broker=order.broker,
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        quantity=rest,
        execute_at=max(order.execute_at, now),
        created_at=now,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit=limit,
        reference=order.reference,
        reduce_only=order.reduce_only,
        purpose=order.purpose,
        signal_id=order.signal_id,
        until=order.until
        or (None if limit is None else desk.session_of(max(now, order.execute_at)).close),
    )


async def modify(desk: Desk, request: Request, change: Change) -> Order:
    """The order that goes on. Asked again by the same request it finishes what it began. Raises
    DeskError where nothing is left to change, or the checks refuse; the text says how things
    stand then."""
    order = await order_of(desk, change.order_id)
    instrument = desk.instrument(order.symbol)
    name, mine = f"modify:{order.id}", str(request.id)
    begun = await desk.journal.first(Cursor, name=name)
    if begun is None:
        order = await working(desk, change.order_id)
        market = await clearing.ask(desk, instrument)
        await _check(desk, order, await _next(desk, order, change), market, request)
        if not await desk.journal.append([Cursor(name, mine)]):
            raise DeskError(f"order {order.id} is just being changed by somebody else")
    elif begun.value != mine:
        raise DeskError(f"order {order.id} was changed by somebody else; /orders shows it")
    try:
        await _cancel(desk, order)
    except DeskError:
        await desk.journal.remove(Cursor, name=name)  # it works on as it was
        raise
    market = await clearing.ask(desk, instrument)
    async with desk.journal.transaction():
        current = await order_of(desk, order.id)
        made = await desk.journal.first(Order, key=f"{order.key}-m{order.id}")
        if made is not None:
            return made
        if current.state is not OrderState.CANCELLED:
            state = current.state.value.replace("_", " ")
            raise DeskError(f"order {order.id} is {state}: there was nothing left to change")
        following = await _next(desk, current, change)
        try:
            await _check(desk, current, following, market, request)
        except DeskError as refusal:
            ended = f"order {order.id} was cancelled, and not placed anew"
            raise DeskError(f"{ended}: {refusal}") from refusal
        [placed] = await desk.journal.append([following])
        if placed.signal_id is not None:
            await notices.tell_changed(desk, "card", [notices.card_subject(placed.signal_id)])
    await desk.bell.ring("postman")
    return placed


async def _cancel(desk: Desk, order: Order) -> None:
    """Until it is done here and its fills are booked. DeskError where the broker does not say."""
    current = await order_of(desk, order.id)
    if current.state in DONE:
        return
    await execute.cancel(desk, current, note="changed")
    broker = desk.brokers[order.broker]
    try:
        said = await broker.find(order.key) if current.state is not OrderState.PLANNED else None
        await settle.collect(desk, broker)
    except BrokerError as error:
        raise DeskError(f"could not change {order.symbol}: {error}") from error
    if said is not None and said.state in DONE:
        await sending.catch_up(desk, broker, order, said)
    current = await order_of(desk, order.id)
    if current.state not in DONE:
        raise DeskError(
            f"{order.broker} has not confirmed the cancel of order {order.id} yet; try again"
        )


async def _check(
    desk: Desk, order: Order, following: Order, market: clearing.Market, request: Request
) -> None:
    """The checks of an entry, without the order that it replaces."""
    if following.reduce_only:
        return
    await damage.check(desk, order.symbol)
    instrument = desk.instrument(order.symbol)
    money = await funds(desk, market.account)
    money = replace(money, working=tuple(o for o in money.working if o.id != order.id))
    state = await trading_state(desk, order.strategy, order.broker)
    price = market.quote.price
    intent = checks.Intent(instrument, order.side, following.quantity, price, price, reduces=False)
    exposure = money.exposure(desk, instrument, order.strategy, order.side)
    allowance = desk.plan(order.strategy).allowance
    asks = checks.entry_checks(intent, exposure, desk.limits, state, desk.limits.drift)
    left_of_it = allowance.limit(market.account.equity) - money.used(desk, order.strategy)
    room = min(left_of_it, money.free(desk))
    rate = money.rate(desk, instrument)
    asks += [checks.check_money(intent, room, desk.currency, rate), checks.check_minimum(intent)]
    checks.clear(intent, asks)
    if (following.limit or price) * following.quantity > (order.limit or price) * await left(
        desk, order
    ):
        await assent.require_alone(desk, intent, f"operator:{request.operator}")
