"""The order rate: so many entries a minute, in all and in one instrument; the rest wait in their
order and end after a while. Exits and square-offs are not counted and never wait."""

from datetime import timedelta

from desk import notices
from desk.desk import Desk
from risk.checks import Check
from trading.errors import DeskError
from trading.messages import bold, message
from trading.orders import Order

MINUTE = timedelta(minutes=1)


class Over(DeskError):
    """It waits for the minute to pass; nothing is wrong with it."""


def unit(order: Order) -> str:
    """What counts as one: an order by itself, all orders of a portfolio's plan together."""
    return str(getattr(order, "plan", "") or order.key)


async def verdict(desk: Desk, order: Order) -> Check:
    """Whether this entry may go within the present minute of market time. Asked again in the
    transaction that claims it."""
    limits = desk.limits
    if order.reduce_only or order.purpose == "squareoff" or not (limits.rate or limits.rate_symbol):
        return Check("rate", True, "no limit")
    since = desk.market.now() - MINUTE
    sent = [
        one
        for one in await desk.journal.read(Order, submitted_at__gt=since)
        if not one.reduce_only and one.id != order.id
    ]
    units = {unit(one) for one in sent}
    own = {unit(one) for one in sent if one.symbol == order.symbol}
    if unit(order) in units:
        return Check("rate", True, "counted with its plan")
    if limits.rate_symbol and len(own) >= limits.rate_symbol:
        text = f"{_entries(len(own))} in {order.symbol} within a minute, limit {limits.rate_symbol}"
        return Check("rate", False, text)
    text = f"{_entries(len(units))} within a minute, limit {limits.rate}"
    return Check("rate", not limits.rate or len(units) < limits.rate, text)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


async def require(desk: Desk, order: Order) -> None:
    """Raises Over with the figure."""
    found = await verdict(desk, order)
    if not found.ok:
        raise Over(found.text)


async def hold(desk: Desk, order: Order, why: str) -> bool:
    """Keep an entry waiting; False where it has waited too long. The first of a row is told. A
    process that starts anew counts anew."""
    over, now = desk.hands.over, desk.market.now()
    since = over.get(order.id)
    if since is not None:
        return now - since < desk.limits.rate_wait
    if not over:
        minutes = int(desk.limits.rate_wait / MINUTE)
        said = message(
            bold("Entries wait for the order rate"),
            f"\n{why}. The next go in their order as the minute passes; one that has waited "
            f"{minutes} minutes ends, and is told.",
        )
        await notices.tell(desk, said)
        await desk.bell.ring("postman")
    over[order.id] = now
    return True
