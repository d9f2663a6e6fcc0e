"""Doubt: an order nobody can say arrived blocks its instrument, and operators are asked."""

from datetime import datetime, timedelta

from desk import notices, wording
from desk.desk import Desk
from trading.facts import Lane
from trading.messages import Button, Message, bold, message
from trading.orders import IN_DOUBT, Order, OrderState

#: Wall time from the first claim on. With the looks of REPORT seconds and the postman it is told
#: within 60 s; an outage shorter than that is nobody's business.
ASK_AFTER = timedelta(seconds=40)
NAMED = 5


def subject(order: Order) -> str:
    """Of the one message that is edited while the order's fate unfolds."""
    return f"unknown:{order.id}"


def is_parked(order: Order) -> bool:
    """Whether operators were asked what became of it and it is still open."""
    return order.state in IN_DOUBT and order.asked_at is not None


def blocks(order: Order, wall: datetime) -> bool:
    """Whether nobody can say now if this order is at the broker: its instrument rests."""
    if order.state is OrderState.SUBMITTING:
        return order.leased_until is not None and order.leased_until < wall
    return order.state is OrderState.UNKNOWN


async def blocked(desk: Desk) -> set[str]:
    """The symbols of all orders in doubt; no signal is made, approved or sent for them."""
    orders = await desk.journal.read(Order, state__in=tuple(IN_DOUBT))
    wall = desk.wall.now()
    return {order.symbol for order in orders if blocks(order, wall)}


async def parked(desk: Desk) -> list[Order]:
    return await desk.journal.read(Order, state__in=tuple(IN_DOUBT), asked_at__isnull=False)


async def named(desk: Desk) -> str:
    """The orders operators were asked about, "" where there is none."""
    orders = await parked(desk)
    names = "; ".join(what(order) for order in orders[:NAMED])
    more = f" and {len(orders) - NAMED} more" if len(orders) > NAMED else ""
    return f"Outcome not known: {names}{more}. /unknown settles it" if orders else ""


async def report(desk: Desk) -> int:
    """Ask operators about every order in doubt for too long. Asks no broker, so nothing keeps it
    waiting. Returns how many were asked about now."""
    asked = 0
    wall = desk.wall.now()
    for order in await desk.journal.read(Order, state__in=tuple(IN_DOUBT), asked_at__isnull=True):
        if order.claimed_at is None or order.claimed_at + ASK_AFTER <= wall:
            asked += await _ask(desk, order)
    if asked:
        await desk.bell.ring("postman")
    return asked


async def _ask(desk: Desk, order: Order) -> bool:
    changes = {} if order.state is OrderState.UNKNOWN else {"state": OrderState.UNKNOWN}
    async with desk.journal.transaction():
        moved = await desk.journal.move(order, asked_at=desk.wall.now(), **changes)
        if moved is None:
            return False
        await tell(desk, moved)
        if moved.signal_id is not None:
            card = notices.card_subject(moved.signal_id)
            await notices.tell_changed(desk, "card", [card], lane=Lane.CRITICAL)
    return True


async def tell(desk: Desk, order: Order) -> None:
    """Edit the order's own message, where operators were asked; else nothing is told."""
    if order.asked_at is not None:
        said = question(desk, order) if order.state in IN_DOUBT else ending(order)
        await notices.tell(desk, said, lane=Lane.CRITICAL, subject=subject(order))


def what(order: Order) -> str:
    """ "buy 41 AAPL"."""
    return f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"


def question(desk: Desk, order: Order, news: str = "") -> Message:
    """What is known, what was tried, and three buttons; `news` is what a look just said."""
    at = order.submitted_at or order.execute_at
    place = wording.place(desk.calendar.zone)
    times = {1: "once", 2: "twice"}.get(order.attempts, f"{order.attempts} times")
    lines = [
        f"\nTo {order.broker} at {desk.local(at):%H:%M:%S} {place}; nobody can say whether it "
        "arrived.",
        f"Tried: {times}, last by {order.owner.partition(':')[0]}, which has not said how it ended "
        "and may still send it."
        if order.owner
        else f"Tried: {times}; nobody is sending it now.",
        f"{wording.capital(news or order.note or 'no answer came')}.",
        f"{order.symbol} is blocked until this is settled. Look at {order.broker}, then say:",
    ]
    number = str(order.id)
    buttons = [
        [
            Button("It is there", "unknown", (number, "there"), style="primary"),
            Button("It is not there", "unknown", (number, "absent"), style="danger"),
        ],
        [Button("Ask again", "unknown", (number, "ask"), once=False)],
    ]
    title = bold(f"⚠ Outcome not known: {what(order)}")
    return message(title, "\n".join(lines), buttons=buttons)


def certain(desk: Desk, order: Order) -> Message:
    """The second question before an operator's word closes an order."""
    whose = "The signal's card says so. " if order.signal_id is not None else ""
    stopped = (
        f"{order.owner.partition(':')[0]} has not said how it ended: stop that process first, or "
        "it may still send it. "
        if order.owner
        else ""
    )
    lines = (
        f"\nIt is closed here as cancelled, by your word, and {order.symbol} may be traded again. "
        f"{whose}{stopped}It is not sent again; should it show up after all, its fill is booked "
        "and told."
    )
    number = str(order.id)
    buttons = [
        [
            Button("It is not there", "unknown", (number, "absent", "yes"), style="danger"),
            Button("Back", "unknown", (number, "show")),
        ]
    ]
    return message(
        bold(f"Certain that {what(order)} is not at {order.broker}?"), lines, buttons=buttons
    )


def ending(order: Order) -> Message:
    word = {
        OrderState.PLANNED: "It never arrived; it is sent anew when it may be.",
        OrderState.ACCEPTED: f"It is at {order.broker}; its fills are followed.",
        OrderState.PARTIALLY_FILLED: "It is there and has been filled in part.",
        OrderState.FILLED: "It is there and filled.",
        OrderState.CANCELLED: "It is closed as cancelled.",
        OrderState.REJECTED: f"{wording.capital(order.broker)} refused it.",
        OrderState.EXPIRED: "It has expired.",
    }[order.state]
    note = f" {wording.capital(order.note)}." if order.note else ""
    return message(bold(f"Settled: {what(order)}"), f"\n{word}{note}")
