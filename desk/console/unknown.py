"""The verb for what nobody can answer but an operator: what became of an order."""

from desk import doubt, execute, notices, resolve, settle, wording
from desk.desk import Desk
from trading.errors import BadCommand, BrokerError, DeskError
from trading.facts import Lane, Request
from trading.orders import IN_DOUBT, Ack, Order, OrderState

WORDS = "there, absent or ask"


async def unknown(desk: Desk, request: Request) -> None:
    """All that are asked about, or what an operator says of one."""
    if not request.args:
        await _list(desk, request)
        return
    order = await _order(desk, request.args[0])
    word = request.args[1].lower() if len(request.args) > 1 else "show"
    match word:
        case "show":
            await _answer(desk, request, order)
        case "ask":
            await _ask(desk, request, order)
        case "there":
            await _there(desk, request, order)
        case "absent" if request.args[2:3] == ("yes",):
            await _absent(desk, request, order)
        case "absent":
            asked = doubt.certain(desk, order)
            await notices.answer(desk, request, asked, edits=True, lane=Lane.CRITICAL)
        case _:
            raise BadCommand(
                f"{word[:20]!r} is none of {WORDS}; for example: /unknown {order.id} ask"
            )


async def _list(desk: Desk, request: Request) -> None:
    orders = await doubt.parked(desk)
    if not orders:
        await notices.answer(desk, request, "Of every order it is known what became of it.")
    for order in orders:
        await notices.answer(
            desk,
            request,
            doubt.question(desk, order),
            subject=doubt.subject(order),
            lane=Lane.CRITICAL,
        )


async def _order(desk: Desk, text: str) -> Order:
    number = text.lstrip("#")
    if not (number.isascii() and number.isdigit() and len(number) <= 15):
        raise BadCommand(f"{text[:20]!r} is no number of an order; /unknown lists them")
    order = await desk.journal.first(Order, id=int(number))
    if order is None:
        raise DeskError(f"there is no order {number}; /unknown lists those in doubt")
    if order.state not in IN_DOUBT:
        state = order.state.value.replace("_", " ")
        raise DeskError(f"order {number} ({doubt.what(order)}) is {state}: nothing is in doubt")
    if not doubt.blocks(order, desk.wall.now()):
        raise DeskError(f"order {number} ({doubt.what(order)}) is being sent right now")
    return order


async def _ask(desk: Desk, request: Request, order: Order) -> None:
    """Look now, and show what came of it."""
    try:
        await resolve.look(desk, order)
        news = ""
    except BrokerError as away:
        news = str(away)
    await _show_now(desk, request, order, news=news)


async def _there(desk: Desk, request: Request, order: Order) -> None:
    """The broker is asked once more; what it cannot say, the operator does."""
    try:
        if await resolve.look(desk, order):
            await _show_now(desk, request, order)
            return
    except BrokerError:
        pass  # that is why somebody was asked
    word = f"there, says {desk.operator_name(request.operator)}"
    await settle.acknowledge(desk, order, Ack(order.key, OrderState.ACCEPTED, note=word))
    await execute.follow(desk)
    await _show_now(desk, request, order)


async def _absent(desk: Desk, request: Request, order: Order) -> None:
    """By the operator's word it is closed, unless the broker shows it after all."""
    try:
        if await resolve.look(desk, order):
            await _show_now(desk, request, order)
            return
    except BrokerError:
        pass
    word = f"not at {order.broker}, says {desk.operator_name(request.operator)}"
    await settle.acknowledge(desk, order, Ack(order.key, OrderState.CANCELLED, note=word))
    await _show_now(desk, request, order)


async def _show_now(desk: Desk, request: Request, order: Order, *, news: str = "") -> None:
    current = await desk.journal.first(Order, id=order.id)
    if current is not None:
        await _answer(desk, request, current, news=news)


async def _answer(desk: Desk, request: Request, order: Order, *, news: str = "") -> None:
    """In the message whose button was pressed, which is the order's own."""
    at = desk.local(desk.market.now())
    place = wording.place(desk.calendar.zone)
    if order.state in IN_DOUBT and news == "":
        news = f"asked {at:%H:%M:%S} {place}: {order.note or 'no answer'}"
    said = doubt.question(desk, order, news) if order.state in IN_DOUBT else doubt.ending(order)
    await notices.answer(
        desk,
        request,
        said,
        edits=bool(request.payload.get("pressed")),
        subject=doubt.subject(order),
        lane=Lane.CRITICAL,
    )
