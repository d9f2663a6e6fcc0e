"""The verbs that decide signals, and those that show them."""

from dataclasses import replace
from datetime import datetime

from desk import assent, decide, notices, story, wording
from desk.console import cards
from desk.console.replies import confirm, number, operator, page_of
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Notice, Request
from trading.messages import Span, bold, message, table
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
    wanted = number(request, "approve")
    if await _asks_about_size(desk, request, wanted):
        return
    try:
        order = await decide.approve(desk, wanted, by=operator(request))
    except assent.TakesTwo as noted:
        await notices.answer(desk, request, wording.capital(str(noted)) + ".")
        return
    if not pressed(request):
        goes = wording.moment(desk.local(order.execute_at))
        await notices.answer(
            desk,
            request,
            f"Approved signal {order.signal_id}: {order.side.value} "
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
    reason = "" if pressed(request) else " ".join(request.args[1:])[:200]
    signal = await decide.reject(
        desk, number(request, "reject"), by=operator(request), reason=reason
    )
    if not pressed(request):
        await notices.answer(desk, request, f"Rejected signal {signal.id} ({signal.symbol}).")
    await _shown_again(desk, request)


async def _shown_again(desk: Desk, request: Request) -> None:
    """The answer to /signals whose button was pressed, without what was decided."""
    if pressed(request) and len(request.args) > 1:
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


async def why(desk: Desk, request: Request) -> None:
    """The story of a signal: what it saw, who decided, what became of it."""
    card = await story.card(desk, number(request, "why"), reader=request.operator)
    signal, currency = card.signal, card.instrument.currency
    place = wording.place(desk.calendar.zone)
    rows = [
        (name, f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}")
        for name, value in signal.features.items()
    ]
    width = max((len(name) for name, _ in rows), default=0)
    features = "\n".join(f"{name.ljust(width)}  {value.rjust(10)}" for name, value in rows)
    sector = f" · {card.instrument.sector}" if card.instrument.sector else ""
    parts: list[str | Span] = [
        bold(f"Why {cards.headline(card)}"),
        f"\n{card.instrument.name}{sector}\n\n{signal.reason}\n",
        table(features),
        f"\nPrice {wording.price(signal.price)} {currency} at the {signal.moment.value} of "
        f"{wording.day(signal.bar)}; strength {signal.strength:.2f}, rank {signal.rank} of its "
        f"scan.\nProposed {wording.moment(desk.local(signal.proposed_at))} {place} by "
        f"{signal.strategy}.",
    ]
    if signal.decided_at is not None:
        parts.append(
            f"\n{signal.state.value.capitalize()} by {card.decided_by or 'the clock'} "
            f"{wording.moment(desk.local(signal.decided_at))}."
        )
    if card.order is not None:
        parts.append(f"\nOrder {card.order.key}: {card.order.state.value.replace('_', ' ')}")
        parts.append(f", {card.order.note}." if card.order.note else ".")
        if card.filled:
            slip = (card.average / signal.price - 1) * card.order.side.sign
            parts.append(
                f"\nFilled {wording.quantity(card.filled)} @ "
                f"{wording.price(card.average.quantize(cards.CENT))}, "
                f"{wording.percent(abs(slip), 2)} {'worse' if slip > 0 else 'better'} than the "
                f"signal; fees {wording.money(card.fees, currency)}."
            )
    await notices.answer(desk, request, message(*parts))
