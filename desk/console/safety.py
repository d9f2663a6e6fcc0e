"""The verbs that stop trading and let it go on: one press to be safer, two to be riskier."""

from decimal import Decimal

from desk import breakers, doubt, notices, reconcile, report, squareoff, wording
from desk.console.replies import confirm, operator
from desk.desk import Desk
from desk.halt import latch, trading_state
from trading.facts import Lane, Request, Trading
from trading.messages import bold, message
from trading.orders import AT_BROKER, IN_DOUBT, Order, OrderState


async def halt(desk: Desk, request: Request) -> None:
    """The door has latched it already; this tells what is still on its way."""
    reason = " ".join(request.args)[:200]
    await latch(
        desk.journal,
        Trading.HALTED,
        by=operator(request),
        reason=reason or "/halt",
        at=desk.market.now(),
    )
    sent = await desk.journal.read(Order, state__in=tuple(AT_BROKER))
    planned = await desk.journal.count(Order, state=OrderState.PLANNED)
    lines = ["No new order leaves the desk until /resume."]
    if sent:
        names = ", ".join(
            doubt.what(o) + (" (not answered yet)" if o.state in IN_DOUBT else "")
            for o in sent[:10]
        )
        more = f" and {len(sent) - 10} more" if len(sent) > 10 else ""
        lines.append(f"Already on their way: {names}{more}.")
    if planned:
        waits = "waits; it expires when its" if planned == 1 else "wait; they expire when their"
        lines.append(f"{wording.count(planned, 'approved order')} {waits} session ends.")
    lines.append("/squareoff closes what is held.")
    who = desk.operator_name(request.operator)
    rest = (f": {reason}\n" if reason else "\n") + "\n".join(lines)
    mine = message(bold("Trading halted by you"), rest)
    await notices.answer(desk, request, mine, lane=Lane.CRITICAL)
    others = message(bold(f"Trading halted by {who}"), rest)
    await notices.tell(desk, others, lane=Lane.CRITICAL, but=request.operator)


async def resume(desk: Desk, request: Request) -> None:
    state = await trading_state(desk)
    if state is Trading.ACTIVE:
        await notices.answer(desk, request, "Trading is active; there is nothing to resume.")
        return
    if request.args[:1] != ("yes",):
        planned = await desk.journal.count(Order, state=OrderState.PLANNED)
        text = f"Trading is {state.value}. Resume it?"
        if planned:
            text += f" {wording.count(planned, 'approved order')} may then be sent."
        text += await _doubt(desk)
        await notices.answer(desk, request, text, buttons=confirm("Resume trading", "resume"))
        return
    running = await squareoff.under_way(desk)
    if running is not None:
        text = "A square-off is under way; trading can resume once it is flat."
        await notices.answer(desk, request, text, edits=True)
        return
    await latch(
        desk.journal,
        Trading.ACTIVE,
        by=operator(request),
        reason="/resume",
        at=desk.market.now(),
    )
    rest = f"\n{said}" if (said := await breakers.rebase(desk)) else ""
    who = desk.operator_name(request.operator)
    await notices.answer(desk, request, message(bold("Trading resumed by you"), rest), edits=True)
    others = message(bold(f"Trading resumed by {who}"), rest)
    await notices.tell(desk, others, lane=Lane.CRITICAL, but=request.operator)


async def _doubt(desk: Desk) -> str:
    """What the latest comparison with the brokers leaves open."""
    last = await reconcile.last(desk)
    if last is None or not (last.differences or last.away):
        return ""
    at = f"{desk.local(last.at):%H:%M} {wording.place(desk.calendar.zone)}"
    if last.differences:
        found = wording.number_of(last.differences, "difference")
        return f"\nThe books had {found} with the brokers' at {at}; /reconcile shows what differs."
    return f"\nA broker could not be asked at {at}; /reconcile asks again."


async def square_off(desk: Desk, request: Request) -> None:
    """First press lists what will be closed; the second one does it."""
    if request.args[:1] == ("yes",):
        await notices.answer(desk, request, "Squaring off; trading is halted.", edits=True)
        run = await squareoff.begin(desk, by=operator(request))
        await desk.bell.ring("orders", [run.id])
        return
    rows = await report.held(desk)
    working = await desk.journal.count(
        Order, state__in=(OrderState.PLANNED, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
    )
    value = sum((abs(row.value) for row in rows), Decimal(0))
    names = ", ".join(
        f"{wording.quantity(row.position.quantity)} {row.position.book.symbol}" for row in rows[:20]
    )
    more = f" and {len(rows) - 20} more" if len(rows) > 20 else ""
    held = wording.count(len(rows), "position")
    worth = f" worth {wording.money(value, desk.currency)}: {names}{more}" if rows else ""
    lines = [f"\nCloses {held}{worth}."]
    lines.append(f"Cancels {wording.count(working, 'working order')}. Halts trading until /resume.")
    now = desk.market.now()
    if rows and desk.calendar.session_at(now) is None:
        opens = wording.moment(desk.local(desk.calendar.next_session(now).open))
        lines.append(f"The market is closed: the orders go at the open, {opens}.")
    await notices.answer(
        desk,
        request,
        message(
            bold("Square off everything?"),
            "\n".join(lines),
            buttons=confirm("Square off everything", "squareoff"),
        ),
    )


async def dismiss(desk: Desk, request: Request) -> None:
    await notices.answer(desk, request, "Cancelled; nothing was changed.", edits=True)
