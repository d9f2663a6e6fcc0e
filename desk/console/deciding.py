"""The verbs that decide signals, and those that show them."""

from dataclasses import replace
from datetime import datetime

from desk import assent, decide, notices, story, wording
from desk.clearing import HALF, WHOLE
from desk.console import cards, several
from desk.console.replies import confirm, number, operator, page_of
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Notice, Request
from trading.signals import Signal, SignalState


def pressed(request: Request) -> bool:
    """By a button, whose own message changes; nothing needs to be said besides."""
    return bool(request.payload.get("pressed"))


async def signals(desk: Desk, request: Request) -> None:
    waiting = await desk.journal.read(Signal, state=SignalState.PENDING, order="-bar,strategy,rank")
    if not waiting:
        none = "No signal is waiting. /scan looks for new ones now."
        await notices.answer(desk, request, none, edits=pressed(request))
        return
    rows = [await story.card(desk, signal.id, reader=request.operator) for signal in waiting]
    title = f"{len(rows)} signal{'s' if len(rows) > 1 else ''} waiting"
    said = cards.paged(desk, rows, title, page_of(request, 1), ("signals", "page"))
    await notices.answer(desk, request, said, edits=pressed(request))


async def approve(desk: Desk, request: Request) -> None:
    if await several.approve(desk, request):
        return
    wanted = number(request, "approve")
    if await _asks_about_size(desk, request, wanted):
        return
    half = "half" in request.args[1:]
    part = HALF if half else WHOLE
    try:
        order = await decide.approve(desk, wanted, by=operator(request), part=part)
    except assent.TakesTwo as noted:
        await notices.answer(desk, request, wording.capital(str(noted)) + ".")
        return
    if not pressed(request):
        goes = wording.moment(desk.local(order.execute_at))
        await notices.answer(
            desk,
            request,
            f"Approved {'half of ' if half else ''}signal {order.signal_id}: {order.side.value} "
            f"{wording.quantity(order.quantity)} {order.symbol}, goes {goes} "
            f"{wording.place(desk.calendar.zone)}.",
        )
    await _shown_again(desk, request)


async def _asks_about_size(desk: Desk, request: Request, wanted: int) -> bool:
    """Where no funds were left when the signal was found, nobody has seen a size yet."""
    signal = await decide.signal_of(desk, wanted)
    if signal.quantity or signal.state is not SignalState.PENDING or "yes" in request.args[1:]:
        return False
    intent = await decide.sized(desk, wanted)
    currency = intent.instrument.currency
    value = intent.quantity * intent.price * intent.instrument.multiplier
    await notices.answer(
        desk,
        request,
        f"No funds were left for signal {wanted} ({signal.symbol}) when it was found; there are "
        f"now: {intent.side.value} {wording.quantity(intent.quantity)} at about "
        f"{wording.money(intent.price, currency)}, {wording.money(value, currency)}. Approve it?",
        buttons=confirm("Approve", "approve", str(wanted)),
    )
    return True


async def reject(desk: Desk, request: Request) -> None:
    if await several.reject(desk, request):
        return
    reason = "" if pressed(request) else " ".join(request.args[1:])[:200]
    signal = await decide.reject(
        desk, number(request, "reject"), by=operator(request), reason=reason
    )
    if not pressed(request):
        await notices.answer(desk, request, f"Rejected signal {signal.id} ({signal.symbol}).")
    await _shown_again(desk, request)


async def _shown_again(desk: Desk, request: Request) -> None:
    """The answer to /signals whose button was pressed, without what was decided."""
    if pressed(request) and request.args[1:2] == ("page",):
        await signals(desk, replace(request, args=request.args[1:]))


async def withdraw(desk: Desk, request: Request) -> None:
    signal = await decide.withdraw(desk, number(request, "withdraw"), by=operator(request))
    if not pressed(request):
        text = f"Withdrew signal {signal.id} ({signal.symbol}); nothing was sent."
        await notices.answer(desk, request, text)


async def show_list(desk: Desk, request: Request) -> None:
    """Turn the page of a scan's list; the message is rendered when it is sent."""
    if len(request.args) != 2 or not request.args[0].startswith("scan:"):
        raise BadCommand("that list is gone; /signals shows what is waiting")
    notice = Notice(
        request.recipient,
        "list",
        desk.wall.now(),
        subject=request.args[0],
        body={"page": page_of(request, 1)},
    )
    await desk.journal.append([notice])


def parse_scan(subject: str) -> tuple[str, datetime]:
    """Strategy and bar of a list's subject."""
    _, strategy, bar = subject.split(":", 2)
    return strategy, datetime.fromisoformat(bar)
