"""The verb that compares our books with the brokers', and the presses under what differs.

Every press asks once more with its figures; the answer to that is checked against the books again.
"""

from datetime import datetime, timedelta

from desk import adopt, notices, wording
from desk import reconcile as books
from desk.console.deciding import pressed
from desk.console.differences import LABEL, shown
from desk.console.questions import parts, priced, question
from desk.console.replies import operator, page_of
from desk.desk import Desk
from desk.differences import ADOPT, CLOSE, IGNORE, STALE, Shift
from trading.errors import BadCommand, DeskError
from trading.facts import Lane, Request
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
    said = await question(desk, found, act)
    args = (act, *words, desk.wall.now().isoformat(), "yes")
    yes = Button(LABEL[act], "reconcile", args, style="danger" if act == CLOSE else "primary")
    buttons = ((yes, Button("Cancel", "dismiss")),)
    await notices.answer(desk, request, Message(said.text, buttons))


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
        return f"Adopted: {parts(plan)}", f"At {priced(plan)}. Both books show {both} now."
    side = Side.SELL if found.gap > 0 else Side.BUY
    units = wording.quantity(abs(found.gap))
    what = f"{side.value} {units} {found.symbol}"
    booked = f"{units} were booked to unassigned at {priced(plan)}."
    return f"Closing: {what}", f"{booked} /orders shows the order."


async def _said(desk: Desk, request: Request, title: str, text: str) -> None:
    await notices.answer(desk, request, message(bold(title), f"\n{text}"), edits=True)
    by = bold(f"{title}, by {desk.operator_name(request.operator)}")
    await notices.tell(desk, message(by, f"\n{text}"), lane=Lane.NORMAL, but=request.operator)
