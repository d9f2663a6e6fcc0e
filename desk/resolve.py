"""Resolve: what became of an order that was claimed and not answered.

Safe without dedupe because of three things together. An absence counts only once nobody can send
the order any more: its attempt's end is on record, or its owner was proven dead. Then the broker
must say twice that it has none, `settles_in` apart, which is longer than a request takes to arrive,
land late and show (measured: looking up at once doubled 947 orders of 3,000, waiting past timeout
and lag none). And what happens next, PLANNED again, is one compare-and-set. Whatever falls short
of that stays UNKNOWN, its instrument is blocked and operators are asked.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog

from desk import doubt, sending, settle
from desk.desk import Desk
from desk.hands import Search
from trading.errors import BrokerError, DeskError
from trading.orders import IN_DOUBT, Ack, Fill, Order, OrderState
from trading.ports import Broker, Terms

log = structlog.get_logger(__name__)
LOOKS = timedelta(seconds=2)  # wall time between two looks for one order
SOME = 3  # attempts that never arrived before it is told


async def resolve(desk: Desk, *, owner: str = "") -> int:
    """Look up every order whose time has passed without an answer. Returns how many moved on."""
    moved = 0
    wall = desk.wall.now()
    away: dict[str, str] = {}
    doubtful = await desk.journal.read(Order, state__in=tuple(IN_DOUBT))
    desk.hands.keep({order.key for order in doubtful})
    for order in doubtful:
        if order.leased_until is not None and order.leased_until >= wall:
            continue
        search = desk.hands.search(order.key, order.attempts, wall)
        if search.next_at > wall:
            continue
        if order.broker in away:  # one that times out would keep the others waiting in turn
            search.absent_since = None
            await _silent(desk, order, away[order.broker])
            continue
        try:
            moved += await look(desk, order, owner=owner)
        except BrokerError as error:
            away[order.broker] = str(error)
        except DeskError as error:
            log.warning("an order stays in doubt", order=order.id, error=str(error))
        except (KeyError, ValueError, TypeError):  # of this order alone; the others are looked up
            log.exception("an order could not be looked up", order=order.id)
    await doubt.report(desk)
    return moved


async def look(desk: Desk, order: Order, *, owner: str = "") -> bool:
    """Ask the broker once; whether the order moved on. Raises BrokerError where it is away."""
    if order.key in desk.hands.sending:
        return False
    owner = owner or await desk.owners.mine()
    search = desk.hands.search(order.key, order.attempts, desk.wall.now())
    search.next_at = desk.wall.now() + LOOKS
    search.looks += 1
    order = await _released(desk, order, owner) or order
    broker = desk.brokers.get(order.broker)
    if broker is None:
        await _silent(desk, order, f"no broker is called {order.broker!r} any more")
        return False
    began = desk.wall.now()
    try:
        terms = await broker.terms()
        ack = await broker.find(order.key) if terms.finds else None
        if ack is not None and ack.state not in IN_DOUBT:
            return await _found(desk, broker, order, ack)
        await settle.collect(desk, broker)  # a fill answers too
    except BrokerError as error:
        search.absent_since = None  # while it was away, what it had been sent may have waited
        await _silent(desk, order, str(error))
        raise
    current = await desk.journal.first(Order, id=order.id)
    if current is None or current.version != order.version:
        return True
    if ack is not None:  # it is there, and the broker itself cannot say how it stands
        search.absent_since = None
        await _silent(desk, order, ack.note or f"{order.broker} cannot say how it stands")
        return False
    may = terms.dedupes and order.key not in desk.hands.refused
    if may and await _again(desk, broker, order, owner):
        return True
    if await _is_absent(desk, order, terms, search, began):
        return await _never_arrived(desk, order)
    await _silent(desk, order, _why(order, terms))
    return False


async def _found(desk: Desk, broker: Broker, order: Order, ack: Ack) -> bool:
    moved = await settle.acknowledge(desk, order, ack)
    desk.hands.forget(order.key)
    if ack.state is not OrderState.REJECTED:
        await sending.catch_up(desk, broker, order, ack)
    return moved


async def _released(desk: Desk, order: Order, owner: str) -> Order | None:
    """Put on record that its attempt is over, where that is certain: it was ours and is not under
    way, or whoever made it is dead."""
    if not order.owner:
        return None
    if order.owner == owner or desk.owners.holds(order.owner):
        why = "no answer was recorded"
    elif await desk.owners.is_dead(order.owner):
        why = f"{order.owner.partition(':')[0]} died while sending it"
    else:
        return None
    return await sending.ended(desk, order, why)


async def _again(desk: Desk, broker: Broker, order: Order, owner: str) -> bool:
    """Send it again under its key, to a broker that places a key once whoever sends it. Only while
    its session is open; else it waits to be found or proven absent."""
    if desk.calendar.session_at(desk.market.now()) is None:
        return False
    try:
        claimed = await sending.claim(desk, order, owner=owner)
    except DeskError:
        return False
    if claimed is None:
        return False
    await sending.send(desk, broker, claimed, again=True)
    return True


async def _is_absent(
    desk: Desk, order: Order, terms: Terms, search: Search, began: datetime
) -> bool:
    """Whether it is proven that the order never arrived and never will."""
    if order.owner or not terms.finds or terms.settles_in is None:
        return False
    if order.broker_ref or await desk.journal.count(Fill, order_key=order.key):
        return False  # the broker once had it
    if search.absent_since is None:
        search.absent_since = desk.wall.now()
    return began >= search.absent_since + terms.settles_in


async def _never_arrived(desk: Desk, order: Order) -> bool:
    """PLANNED again: it goes out anew under every check, or ends with its session."""
    if not await sending.unsent(desk, order):
        return False
    if order.attempts >= SOME:
        times = f"{order.attempts} times"
        await sending.waits(desk, order, f"sent {times}, and {order.broker} never had it")
    return True


async def _silent(desk: Desk, order: Order, why: str) -> None:
    """Keep the reason for whoever is asked about it; nobody sends it meanwhile."""
    current = await desk.journal.first(Order, id=order.id)
    if current is None or current.version != order.version:
        return
    changes: dict[str, Any] = {}
    if current.state is not OrderState.UNKNOWN:
        changes["state"] = OrderState.UNKNOWN
    elif current.note == why:
        return
    async with desk.journal.transaction():
        moved = await desk.journal.move(current, note=why, **changes)
        if moved is not None:
            await doubt.tell(desk, moved)


def _why(order: Order, terms: Terms) -> str:
    if not terms.finds:
        return f"{order.broker} cannot be asked for one order"
    if order.owner:
        return f"{order.broker} does not show it"
    if terms.settles_in is None:
        return f"{order.broker} does not show it, and never says when that is final"
    return f"{order.broker} does not show it yet"
