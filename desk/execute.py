"""Execute: claim an order that is due, send it under its own key, record what the broker said."""

import structlog

from desk import brackets, breakers, clearing, notices, rate, sending, settle, wording
from desk.decide import decider
from desk.desk import Desk
from desk.halt import trading_state
from desk.resolve import resolve as resolve  # noqa: PLC0414  the desk's callers find it here
from risk import guards
from trading.errors import BrokerError, DeskError, QuarterdeckError
from trading.facts import Lane, Trading
from trading.messages import bold, message
from trading.orders import DONE, Order, OrderState, OrderType
from trading.signals import Signal
from trading.types import Account

log = structlog.get_logger(__name__)


async def due(desk: Desk, purpose: str = "") -> list[Order]:
    """Orders to send now, of that purpose or of any, exits before entries, then as they were
    approved. Before this process has compared the books for the first time, only a square-off's
    are."""
    orders = await desk.journal.read(
        Order, state=OrderState.PLANNED, execute_at__lte=desk.market.now()
    )
    if not desk.reconciled or purpose:
        orders = [order for order in orders if order.purpose == (purpose or "squareoff")]
    return sorted(orders, key=lambda order: (not order.reduce_only, order.id))


async def execute_due(desk: Desk, *, owner: str = "", purpose: str = "") -> int:
    """Send everything due, or what has that purpose, as this process or as `owner`. Returns how
    many orders went out or were refused. A broker that left one without an answer gets no more of
    them until the next look: it would keep every one of them waiting, and in doubt."""
    handled = 0
    silent: set[str] = set()
    accounts: dict[str, Account] = {}
    orders = await due(desk, purpose)
    if any(not order.reduce_only for order in orders):
        await breakers.keep(desk, fresh=True)
    if not purpose:
        desk.hands.keep_over({order.id for order in orders})
    for order in orders:
        if desk.shift.is_over:
            break  # the next process sends what is left
        if order.broker in silent:
            continue
        try:
            state = await _execute(desk, order, owner, accounts)
        except rate.Over as over:
            handled += await _over(desk, order, str(over))
        except QuarterdeckError as trouble:  # of this order alone; the others go
            await sending.waits(desk, order, str(trouble))
        except (KeyError, ValueError, TypeError):
            log.exception("an order could not be sent", order=order.id)
        else:
            handled += state is not None
            if state is OrderState.UNKNOWN:
                silent.add(order.broker)
    return handled


async def execute(desk: Desk, order: Order, *, owner: str = "") -> bool:
    """Claim and send one order; False where it must wait or somebody else has it."""
    return await _execute(desk, order, owner, {}) is not None


async def _execute(
    desk: Desk, order: Order, owner: str, accounts: dict[str, Account]
) -> OrderState | None:
    """What became of it; None where it waits, or is somebody else's. `accounts` are those asked
    in this look already, by broker."""
    now = desk.market.now()
    session = desk.calendar.session_at(now)
    if session is None or order.execute_at < session.open:  # it may be a session too late
        late = order.purpose != "squareoff" and now >= desk.session_of(order.execute_at).close
        if late:
            why = "its session passed before it could go"
            return await _end(desk, order, OrderState.EXPIRED, why)
    if session is None:
        return None
    broker = desk.brokers.get(order.broker) or desk.broker_of(desk.instrument(order.symbol))
    quote = await desk.feed.quote(order.symbol, now)
    rests = order.type is OrderType.STOP and order.reduce_only  # no entry goes without a price
    if not rests and (quote is None or not quote.tradable):
        return None  # waits for the session's first price; the session's end expires it
    cleared = await _make_way(desk, order)
    if cleared is None:
        return None
    if not cleared.quantity:
        return await _end(desk, cleared, OrderState.CANCELLED, "its stop closed the position")
    order = cleared
    market = None
    if quote is not None and not order.reduce_only:
        if order.reference is not None and order.limit is None:  # a limit is its own collar
            collar = guards.check_collar(quote, order.reference, desk.limits)
            if not collar.ok:
                return await _end(desk, order, OrderState.REJECTED, collar.text)
        await rate.require(desk, order)  # before a broker is asked for nothing
        if broker.name not in accounts:
            accounts[broker.name] = await broker.account()
        market = clearing.Market(quote, accounts[broker.name])
    try:
        claimed = await sending.claim(desk, order, owner=owner, market=market)
    except sending.Barred as barred:
        return await _end(desk, order, OrderState.REJECTED, str(barred))
    except sending.Overtaken as overtaken:
        note = str(overtaken)
        await desk.journal.move(order, state=OrderState.CANCELLED, note=note, done_at=now)
        return None
    if claimed is None:
        return None
    # Sent and refused, or in doubt, is handled; proven not sent waits, and is handled too.
    return await sending.send(desk, broker, claimed) or OrderState.PLANNED


async def _over(desk: Desk, order: Order, why: str) -> bool:
    """It waits its turn; True where it has waited too long and ends."""
    if await rate.hold(desk, order, why):
        return False
    text = f"it waited {guards.lasted(desk.limits.rate_wait)} for the order rate: {why}"
    return await _end(desk, order, OrderState.EXPIRED, text) is not None


async def _make_way(desk: Desk, order: Order) -> Order | None:
    """The order, once nothing of a bracket can close the same units beside it; None until then."""
    resting = await brackets.in_the_way(desk, order)
    if resting is None:
        return order
    if await trading_state(desk, order.strategy, order.broker) is Trading.HALTED:
        return None  # it could not go, and nothing would be left that rests
    if not resting or await brackets.room(desk, order) >= order.quantity:
        return await brackets.fitted(desk, order)
    for stop in resting:
        await cancel(desk, stop, note="it gives way to another exit")
    return None


async def follow(desk: Desk) -> None:
    """Ask the brokers how their working orders stand; for ends that bring no fill."""
    away: set[str] = set()
    for order in await desk.journal.read(
        Order, state__in=(OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
    ):
        broker = desk.brokers.get(order.broker)
        if broker is None or broker.name in away:
            continue
        try:
            ack = await broker.find(order.key)
        except BrokerError:
            away.add(broker.name)
            continue
        if ack is not None and ack.state in DONE:
            await sending.catch_up(desk, broker, order, ack)


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


async def _end(desk: Desk, order: Order, state: OrderState, reason: str) -> OrderState | None:
    """Close an order that was never sent, and say why."""
    async with desk.journal.transaction():
        moved = await desk.journal.move(order, state=state, note=reason, done_at=desk.market.now())
        if moved is None:
            return None
        await tell_not_sent(desk, moved)
    await desk.bell.ring("postman")
    return state


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
