"""The verb that compares our books with the brokers', and the presses under what differs.

Every press asks once more with its figures; the answer to that is checked against the books again.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from desk import adopt, notices, wording
from desk import reconcile as books
from desk.console.deciding import pressed
from desk.console.differences import LABEL, shown
from desk.console.replies import operator, page_of
from desk.decide import trading_state
from desk.desk import Desk
from desk.differences import ADOPT, CLOSE, IGNORE, STALE, Difference, Shift, Stray
from trading.errors import BadCommand, DeskError
from trading.facts import Lane, Request, Trading
from trading.messages import Button, Message, bold, message
from trading.types import Side

SOON = timedelta(minutes=10)  # an older question is asked again: the market has moved on
ACTS = (ADOPT, IGNORE, CLOSE)


async def reconcile(desk: Desk, request: Request) -> None:
    """`/reconcile`, a page of it, or what a button under a difference says. The alarm for
    everybody stays with the job."""
    match request.args:
        case (act, *words, asked, "yes") if act in ACTS:
            _require_fresh(request, asked)
            await _do(desk, request, act, tuple(words))
        case (act, *words) if act in ACTS:
            await _ask(desk, request, act, tuple(words))
        case () | (_,):
            reading = await books.check(desk)
            said = shown(desk, reading, page=page_of(request, 0))
            await notices.answer(desk, request, said, edits=pressed(request))
        case _:
            raise BadCommand("/reconcile takes no words; press what stands under a difference")


def _require_fresh(request: Request, asked: str) -> None:
    """Raises DeskError for an answer that waited too long."""
    try:
        age = request.received_at - datetime.fromisoformat(asked)
    except (ValueError, TypeError):
        raise DeskError(STALE) from None
    if age > SOON:
        minutes = int(age.total_seconds() // 60)
        raise DeskError(f"this question is {minutes} minutes old; press it again above")


async def _ask(desk: Desk, request: Request, act: str, words: tuple[str, ...]) -> None:
    found = await adopt.named(desk, words)
    if act not in found.acts:
        raise DeskError(STALE)
    if act == IGNORE:
        said = _ignoring(found)
    elif isinstance(found, Shift):
        said = await (_closing if act == CLOSE else _adopting)(desk, found)
    else:
        said = await (_ending if act == CLOSE else _taking)(desk, found)
    label = LABEL[act]
    args = (act, *words, desk.wall.now().isoformat(), "yes")
    yes = Button(label, "reconcile", args, style="danger" if act == CLOSE else "primary")
    buttons = ((yes, Button("Cancel", "dismiss")),)
    await notices.answer(desk, request, Message(said.text, buttons))


def _ignoring(found: Difference) -> Message:
    return message(
        bold("Ignore this difference?"),
        f"\n{wording.capital(found.text)}.\nIt is not told again while it stays as it is, and does "
        "not halt trading at a start. Other figures are told. /reconcile goes on showing it.",
    )


async def _adopting(desk: Desk, found: Shift) -> Message:
    plan = await adopt.booking(desk, found)
    return message(
        bold(f"Adopt {found.symbol} from {found.broker}?"),
        f"\n{_holds(found)}\nOur books take {_parts(plan)}, at {_priced(plan)}: "
        f"{wording.money(plan.value, plan.instrument.currency)} in all. "
        "Nothing is sent to the broker.",
    )


async def _closing(desk: Desk, found: Shift) -> Message:
    plan = await adopt.booking(desk, found)
    units = wording.quantity(abs(found.gap))
    does = "Sells" if found.gap > 0 else "Buys back"
    worth = wording.money(plan.value, plan.instrument.currency)
    lines = [
        f"{_holds(found)}",
        f"{does} {units} {found.symbol} at the market, about {worth}, reduce-only. They are booked "
        f"to unassigned first, at {_priced(plan)}.",
        *await _when(desk),
    ]
    return message(
        bold(f"Close {units} {found.symbol} at {found.broker}?"), "\n" + "\n".join(lines)
    )


async def _when(desk: Desk) -> list[str]:
    """What keeps an order from going at once."""
    lines, now = [], desk.market.now()
    if desk.calendar.session_at(now) is None:
        opens = wording.moment(desk.local(desk.calendar.next_session(now).open))
        lines.append(f"The market is closed: the order goes at the open, {opens}.")
    if await trading_state(desk) is Trading.HALTED:
        lines.append("Trading is halted: it goes after /resume, or ends with its session.")
    return lines


async def _taking(desk: Desk, found: Stray) -> Message:
    if found.here:
        said = f"says {found.there}" if found.there else "does not know it"
        state = found.there or "cancelled"
        return message(
            bold(f"Take {found.broker}'s word on {found.name}?"),
            f"\nIt is {found.here} here, and {found.broker} {said}.\n"
            f"Our order becomes {state}. Nothing is sent to the broker.",
        )
    return message(
        bold(f"Adopt the order to {found.name}?"),
        f"\nIt works at {found.broker}, {found.key[:40]!r}{await _worth(desk, found)}.\n"
        "From now on it is ours, in unassigned: followed, shown in /orders, cancelled by a "
        "square-off. Nothing is sent to the broker.",
    )


async def _ending(desk: Desk, found: Stray) -> Message:
    return message(
        bold(f"Close the order to {found.name}?"),
        f"\n{found.broker} is asked to cancel it{await _worth(desk, found)}. "
        "What has filled stays.",
    )


async def _worth(desk: Desk, found: Stray) -> str:
    """ ", 90.00 USD"; nothing where no price is known."""
    instrument = desk.instruments.find(found.symbol)
    price = found.limit
    if price is None:
        quote = await desk.feed.quote(found.symbol, desk.market.now())
        price = quote.price if quote else None
    if instrument is None or price is None:
        return ""
    value = found.quantity * price * instrument.multiplier
    return f", {wording.money(value, instrument.currency)}"


def _holds(found: Shift) -> str:
    theirs, ours = wording.quantity(found.theirs), wording.quantity(found.ours)
    return f"{found.broker} holds {theirs}, our books {ours}."


def _parts(plan: adopt.Booking) -> str:
    """ "−10 AAPL in dip and −3 in unassigned"."""
    said = [f"{_units(units)} in {name}" for name, units in plan.parts.items()]
    said[0] = said[0].replace(" in ", f" {plan.shift.symbol} in ", 1)
    return " and ".join(said)


def _units(units: Decimal) -> str:
    return ("+" if units > 0 else "") + wording.quantity(units)


def _priced(plan: adopt.Booking) -> str:
    """ "100.00 USD, the last price"."""
    price = wording.price(plan.price.quantize(plan.instrument.tick))
    return f"{price} {plan.instrument.currency}, {plan.source}"


async def _do(desk: Desk, request: Request, act: str, words: tuple[str, ...]) -> None:
    """Carry it out, answer, and tell the other operators, all in one transaction where the broker
    need not be asked."""
    found = await adopt.named(desk, words)
    if act not in found.acts:
        raise DeskError(STALE)
    who = desk.operator_name(request.operator)
    if act == IGNORE:
        async with desk.journal.transaction():
            await books.ignore(desk, found, by=operator(request))
            done = f"{wording.capital(found.text)}.\nIt is told again only with other figures."
            await _said(desk, request, "Ignored", done)
    elif isinstance(found, Shift):
        plan = await adopt.booking(desk, found)
        async with desk.journal.transaction():
            await adopt.book(desk, plan, close=act == CLOSE)
            await _said(desk, request, *_booked(plan, close=act == CLOSE))
        await desk.bell.ring("orders")
    elif act == CLOSE:
        await adopt.end_order(desk, found)
        await _said(desk, request, "Closed", f"{found.broker} cancelled the order to {found.name}.")
    else:
        order = await adopt.take_order(desk, found, by=who)
        if order is None:
            raise DeskError("somebody else was first with that order; /orders shows it")
        state = order.state.value.replace("_", " ")
        await _said(desk, request, "Adopted", f"The order to {found.name} is {state} here.")
    await desk.bell.ring("postman")


def _booked(plan: adopt.Booking, *, close: bool) -> tuple[str, str]:
    found = plan.shift
    if not close:
        both = f"{wording.quantity(found.theirs)} {found.symbol}"
        return f"Adopted: {_parts(plan)}", f"At {_priced(plan)}. Both books show {both} now."
    side = Side.SELL if found.gap > 0 else Side.BUY
    units = wording.quantity(abs(found.gap))
    what = f"{side.value} {units} {found.symbol}"
    booked = f"{units} were booked to unassigned at {_priced(plan)}."
    return f"Closing: {what}", f"{booked} /orders shows the order."


async def _said(desk: Desk, request: Request, title: str, text: str) -> None:
    await notices.answer(desk, request, message(bold(title), f"\n{text}"), edits=True)
    by = bold(f"{title}, by {desk.operator_name(request.operator)}")
    await notices.tell(desk, message(by, f"\n{text}"), lane=Lane.NORMAL, but=request.operator)
