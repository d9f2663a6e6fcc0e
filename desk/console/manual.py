"""The verbs that trade by hand: buy, sell, close, cancel, modify."""

from collections.abc import Sequence
from decimal import Decimal

from desk import manual, modify, notices, tickets, wording
from desk.console.deciding import pressed
from desk.console.lists import instrument
from desk.console.loosening import agreed, asked
from desk.console.replies import confirm, operator
from desk.desk import Desk
from desk.modify import Change
from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import bold, message
from trading.orders import Order
from trading.parts import number
from trading.types import Side


async def buy(desk: Desk, request: Request) -> None:
    """The card that comes is the answer: it shows the effect, and its Approve does it."""
    await _propose(desk, Side.BUY, request)


async def sell(desk: Desk, request: Request) -> None:
    await _propose(desk, Side.SELL, request)


async def _propose(desk: Desk, side: Side, request: Request) -> None:
    ticket = tickets.read(side.value, request.args)
    instrument(desk, ticket.symbol)  # names the nearest of one nobody knows
    await manual.propose(desk, side, ticket, request)


async def close(desk: Desk, request: Request) -> None:
    """First what would be closed and its value, then by a press of it."""
    words = asked(request)
    if not words or len(words) > 2 or words[1:] not in ((), ("half",)):
        raise BadCommand("which instrument? For example: /close AAPL, or /close AAPL half")
    symbol, half = instrument(desk, words[0]).symbol, len(words) == 2
    if "yes" in request.args:
        orders = await manual.close(desk, request, symbol, half=half)
        units = sum((order.quantity for order in orders), Decimal(0))
        text = f"Closing {wording.quantity(units)} {symbol}: {_going(desk, orders)}."
        await notices.answer(desk, request, text, edits=pressed(request))
        return
    parts = await manual.parts(desk, symbol, half=half)
    currency = desk.instrument(symbol).currency
    units = sum((part.quantity for part in parts), Decimal(0))
    value = sum((part.value for part in parts), Decimal(0))
    what = f"{wording.quantity(units)} {symbol}"
    lines = [f"About {wording.money(value, currency)}, reduce-only, at the market:"]
    lines += [f"{p.side.value} {wording.quantity(p.quantity)} in {p.strategy}" for p in parts]
    now = desk.market.now()
    if desk.calendar.session_at(now) is None:
        opens = wording.moment(desk.local(desk.calendar.next_session(now).open))
        place = wording.place(desk.calendar.zone)
        lines.append(f"The market is closed: it goes at the open, {opens} {place}.")
    said = message(
        bold(f"Close {'half: ' if half else ''}{what}?"),
        "\n" + "\n".join(lines),
        buttons=confirm(f"Close {what}", "close", symbol, *words[1:]),
    )
    await notices.answer(desk, request, said)


def _going(desk: Desk, orders: Sequence[Order]) -> str:
    goes = min(order.execute_at for order in orders)
    if goes <= desk.market.now():
        return "on its way"
    return f"goes {wording.moment(desk.local(goes))} {wording.place(desk.calendar.zone)}"


async def cancel(desk: Desk, request: Request) -> None:
    """An entry at once; an exit, which keeps a loss from growing, is asked twice."""
    order = await modify.working(desk, _number(request))
    what = _what(order)
    question = message(
        bold(f"Cancel the exit: {what}?"),
        f"\n{order.strategy} then keeps the position, with nothing on its way to close it.",
    )
    if order.reduce_only and not await agreed(desk, request, question, "Cancel the exit"):
        return
    after = await manual.cancel(desk, order.id, by=operator(request))
    state = after.state.value.replace("_", " ")
    text = f"Cancelled order {order.id}: {what}."
    if state != "cancelled":
        text = f"Order {order.id}, {what}, is {state}; the broker was asked to cancel it."
    await notices.answer(desk, request, text, edits=pressed(request))


async def change(desk: Desk, request: Request) -> None:
    """`/modify 12 qty 5 limit 99`. Fewer units at the same price at once; else asked once more."""
    words = asked(request)
    wanted = _change(request, words)
    order = await modify.working(desk, wanted.order_id)
    following = await modify.wanted(desk, wanted)
    smaller = wanted.limit is None and following.quantity < await modify.left(desk, order)
    if "yes" not in request.args and not smaller:
        currency = desk.instrument(order.symbol).currency
        price = following.limit or following.reference
        worth = ""
        if price is not None:
            value = following.quantity * price * desk.instrument(order.symbol).multiplier
            worth = f"\nWorth about {wording.money(value, currency)}."
        said = message(
            bold(f"Change order {order.id}?"),
            f"\nNow: {_what(order)}.\nThen: {_what(following)}.{worth}\n"
            "It is cancelled first; what fills until then is taken off.",
            buttons=confirm("Change it", "modify", *words),
        )
        await notices.answer(desk, request, said)
        return
    placed = await modify.modify(desk, request, wanted)
    text = f"Order {order.id} goes on as order {placed.id}: {_what(placed)}."
    await notices.answer(desk, request, text, edits=pressed(request))


def _change(request: Request, words: Sequence[str]) -> Change:
    order_id = _number(request)
    rest = [word.lower() for word in words[1:]]
    found: dict[str, Decimal] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=False):
        if name not in ("qty", "limit") or name in found:
            raise BadCommand(f"{name[:20]!r}? For example: /modify {order_id} qty 5 limit 99.50")
        try:
            found[name] = number(value)
        except ValueError as error:
            raise BadCommand(f"{error}; for example: /modify {order_id} limit 99.50") from None
    if not found or len(rest) % 2:
        raise BadCommand(f"what of it? For example: /modify {order_id} qty 5 limit 99.50")
    return Change(order_id, found.get("qty"), found.get("limit"))


def _number(request: Request) -> int:
    text = request.args[0].lstrip("#") if request.args else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadCommand(f"which order? For example: /{request.verb} 12; /orders shows the numbers")
    return int(text)


def _what(order: Order) -> str:
    """ "buy 10 AAPL, limit 99.50"."""
    limit = "" if order.limit is None else f", limit {wording.price(order.limit)}"
    return f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}{limit}"
