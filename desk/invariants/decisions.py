"""Rules of decisions: every approved signal has its one order, and every order its signal."""

from collections import defaultdict
from datetime import timedelta

from desk.crew import muster
from desk.desk import Desk
from desk.invariants.rule import Sentences, pages
from trading.orders import Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Side, Target

APPROVED, WITHDRAWN = SignalState.APPROVED, SignalState.WITHDRAWN
SIDES = {Target.LONG: Side.BUY, Target.SHORT: Side.SELL}
RECENT = timedelta(days=30)  # an operator may have left since


async def decided_once(desk: Desk) -> Sentences:
    async for page in pages(desk.journal, Signal):
        orders: dict[int | None, list[Order]] = defaultdict(list)
        ids = tuple(signal.id for signal in page)
        for order in await desk.journal.read(Order, signal_id__in=ids):
            orders[order.signal_id].append(order)
        for signal in page:
            if wrong := _decided(signal, orders[signal.id]):
                yield f"signal {signal.id} ({signal.symbol}) is {signal.state} {wrong}"


def _decided(signal: Signal, orders: list[Order]) -> str:
    """What is wrong with the orders of a signal; "" where nothing is."""
    keys = ", ".join(order.key for order in orders)
    if len(orders) > 1:
        return f"and has {len(orders)} orders: {keys}"
    if signal.state is APPROVED:
        return "" if orders else "and has no order"
    if signal.state is WITHDRAWN:
        right = orders and orders[0].state is OrderState.CANCELLED
        return "" if right else f"and its order {keys or 'is missing'} was not cancelled"
    return f"and yet has order {keys}" if orders else ""


async def own_signal(desk: Desk) -> Sentences:
    seen: set[str] = set()
    async for page in pages(desk.journal, Order):
        ids = tuple({order.signal_id for order in page if order.signal_id is not None})
        signals = {s.id: s for s in await desk.journal.read(Signal, id__in=ids)} if ids else {}
        for order in page:
            if order.key in seen:
                yield f"the key {order.key} stands on more than one order"
            seen.add(order.key)
            if order.signal_id is None:
                continue
            signal = signals.get(order.signal_id)
            if signal is None:
                yield f"order {order.key} is of signal {order.signal_id}, which does not exist"
            elif wrong := _unlike(order, signal):
                yield f"order {order.key} of signal {signal.id}: {wrong}"


def _unlike(order: Order, signal: Signal) -> str:
    if not order.key.endswith(f"-{signal.id}-{signal.leg}"):
        return "its key is not the signal's"
    if (order.strategy, order.symbol) != (signal.strategy, signal.symbol):
        return (
            f"{order.strategy}/{order.symbol} is ordered, {signal.strategy}/{signal.symbol} meant"
        )
    if order.side is not SIDES.get(signal.target, order.side):
        return f"it is a {order.side} and the signal's target is {signal.target}"
    if order.reduce_only is not signal.is_exit:
        return "one of the two is an exit, the other is none"
    if signal.state is APPROVED and order.quantity != signal.quantity:
        return f"{order.quantity:f} are ordered, {signal.quantity:f} were approved"
    return ""


async def known_hands(desk: Desk) -> Sentences:
    await muster(desk)
    known = {f"operator:{operator.id}" for operator in desk.operators}
    since = desk.market.now() - RECENT
    async for page in pages(desk.journal, Signal, decided_at__gte=since):
        for signal in page:
            by = signal.decided_by
            if by.startswith("operator:") and by not in known:
                yield f"signal {signal.id} ({signal.symbol}) was {signal.state} by {by}"


async def decisions_are_dated(desk: Desk) -> Sentences:
    async for page in pages(desk.journal, Signal):
        for signal in page:
            open_ = signal.state is SignalState.PENDING
            dated = bool(signal.decided_at and signal.decided_by)
            if open_ == dated:
                missing = "is open and yet decided" if open_ else f"is {signal.state} by nobody"
                yield f"signal {signal.id} ({signal.symbol}) {missing}"
