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
            mine = orders[signal.id]
            if wrong := _decided(signal, mine):
                yield f"signal {signal.id} ({signal.symbol}) {wrong}"
            for order in mine:
                if unlike := _unlike(order, signal):
                    yield f"order {order.key} of signal {signal.id} ({signal.symbol}): {unlike}"


def _decided(signal: Signal, orders: list[Order]) -> str:
    """What is wrong with a decision and the orders it made; "" where nothing is."""
    keys = ", ".join(order.key for order in orders)
    if (signal.state is SignalState.PENDING) == bool(signal.decided_at and signal.decided_by):
        return f"is {signal.state}, decided by {signal.decided_by or 'nobody'}"
    if len(orders) > 1:
        return f"is {signal.state} and has {len(orders)} orders: {keys}"
    if signal.state is APPROVED:
        return "" if orders else "is approved and has no order"
    if signal.state is WITHDRAWN:
        right = orders and orders[0].state is OrderState.CANCELLED
        return "" if right else f"is withdrawn and its order {keys or 'is missing'} not cancelled"
    return f"is {signal.state} and yet has order {keys}" if orders else ""


async def own_signal(desk: Desk) -> Sentences:
    ordered = await desk.journal.count(Order, signal_id__isnull=False)
    if ordered <= await desk.journal.count(Signal, state__in=(APPROVED, WITHDRAWN)):
        return  # each of these has one, or `decided_once` says which has none
    async for page in pages(desk.journal, Order, signal_id__isnull=False):
        ids = tuple({order.signal_id for order in page})
        known = {signal.id for signal in await desk.journal.read(Signal, id__in=ids)}
        for order in page:
            if order.signal_id not in known:
                yield f"order {order.key} is of signal {order.signal_id}, which does not exist"


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
    cut = order.reduce_only and order.quantity < signal.quantity  # its stop closed some before
    if signal.state is APPROVED and order.quantity != signal.quantity and not cut:
        return f"{order.quantity:f} are ordered, {signal.quantity:f} were approved"
    return ""


async def known_hands(desk: Desk) -> Sentences:
    await muster(desk)
    known = {f"operator:{operator.id}" for operator in desk.operators}
    since = desk.market.now() - RECENT
    async for page in pages(desk.journal, Signal, decided_at__gte=since, decided_by__not="auto"):
        for signal in page:
            by = signal.decided_by
            if by.startswith("operator:") and by not in known:
                yield f"signal {signal.id} ({signal.symbol}) was {signal.state} by {by}"
