"""/why: the whole story of a signal or an order, from the bar it was decided on to its profit."""

from collections.abc import Sequence
from decimal import Decimal

from desk import audit, judging, notices, recipe, story, wording
from desk.console import cards
from desk.console.audit import came_of, doer, first_line
from desk.console.deciding import pressed
from desk.console.replies import number
from desk.console.tables import folded
from desk.desk import Desk
from risk.checks import Check
from trading.audit import Deed
from trading.errors import BadCommand
from trading.facts import PictureState, Request
from trading.judgement import Stage
from trading.messages import Button, Message, Span, bold, italic, message, table
from trading.orders import Fill, Order
from trading.signals import Signal

FILLS = 6  # shown one by one
DEEDS = 8
#: Characters of each part at most, so that all of it is one message.
REASON, PARAMS, FEATURES, PRESSES, CARD = 300, 200, 500, 700, 300


async def why(desk: Desk, request: Request) -> None:
    """Raises BadCommand for a word that is no signal or order."""
    key = request.args[0].lstrip("#") if request.args else ""
    if key and not key.isdigit():
        order = await desk.journal.first(Order, key=key)
        if order is None:
            raise BadCommand(
                f"no signal or order is called {key[:30]!r}; for example: /why 17. /orders lists "
                "the orders"
            )
        if order.signal_id is None:
            said = message(*await _ordered(desk, order))
            await notices.answer(desk, request, said, edits=pressed(request))
            return
        wanted = order.signal_id
    else:
        wanted = number(request, "why")
    card = await story.card(desk, wanted, reader=request.operator)
    if "chart" in request.args[1:]:
        await _chart(desk, request, card)
        return
    await notices.answer(desk, request, await told(desk, card))


async def told(desk: Desk, card: story.Card) -> Message:
    """Everything on record of a signal, in its order."""
    parts = _seen_by_the_rules(desk, card)
    made = await recipe.of(desk, card.signal)
    if made is not None:
        parts.append(_recipe(made))
    parts += await _checked(desk, card.signal)
    parts += await _decided(desk, card)
    if card.order is not None:
        parts += await _ordered(desk, card.order, card.signal)
    buttons = [[Button("Chart", "why", (str(card.signal.id), "chart"), once=False)]]
    return message(*parts, buttons=buttons if card.picture is not None else ())


def _seen_by_the_rules(desk: Desk, card: story.Card) -> list[str | Span]:
    signal = card.signal
    rows = [
        (name, f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}")
        for name, value in signal.features.items()
    ]
    width = min(max((len(name) for name, _ in rows), default=0), 22)
    features = "\n".join(f"{name[:22].ljust(width)}  {value.rjust(10)}" for name, value in rows)
    sector = f" · {card.instrument.sector}" if card.instrument.sector else ""
    stop = f", stop {wording.price(signal.stop)}" if signal.stop is not None else ""
    return [
        bold(f"Why {cards.headline(card)}"),
        f"\n{card.instrument.name}{sector}\n\n{signal.reason[:REASON]}\n",
        table(_cut(features.splitlines(), FEATURES)),
        f"\nPrice {wording.price(signal.price)} {card.instrument.currency}{stop} at the "
        f"{signal.moment.value} of {wording.day(signal.bar)}; strength {signal.strength:.2f}, "
        f"rank {signal.rank} of its scan.\nProposed "
        f"{wording.moment(desk.local(signal.proposed_at))} "
        f"{wording.place(desk.calendar.zone)} by {signal.strategy}.",
    ]


def _recipe(made: Deed) -> str:
    """ "Parameters: days 14, low 30. Code 3fa9c1d0, version 0.1.0." """
    known = made.detail
    params = ", ".join(f"{name} {value}" for name, value in known.get("params", {}).items())
    said = f"\nParameters: {params[:PARAMS]}." if params else ""
    if known.get("code"):
        said += f"\nCode {known['code'][:8]}, version {known.get('version') or 'not known'}."
    return said


async def _checked(desk: Desk, signal: Signal) -> list[str | Span]:
    """The checks with their figures as they were at each stage; where all held, the last ones."""
    found = [one for stage in Stage if (one := await judging.latest(desk, signal.id, stage))]
    parts: list[str | Span] = []
    for judged in found:
        checks = judging.checks_of(judged)
        held = sum(check.ok for check in checks)
        when = wording.moment(desk.local(judged.at))
        parts.append(f"\nChecks at {judged.stage.value}, {when}: {held} of {len(checks)} hold.")
        shown = checks if judged is found[-1] else [check for check in checks if not check.ok]
        lines = [line for one in shown for line in _check(one)]
        if lines:
            parts += ["\n", table(_cut(lines, 600))]
    return parts


def _check(check: Check) -> list[str]:
    """A figure and its percent sign stay together."""
    return folded("✓" if check.ok else "✗", check.text[:100].replace(" %", "\u00a0%"))


def _cut(lines: Sequence[str], most: int) -> str:
    """As many whole lines as fit."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > most:
            return "\n".join([*kept, "…"])
        kept.append(line)
    return "\n".join(kept)


async def _decided(desk: Desk, card: story.Card) -> list[str | Span]:
    """What the card said to whom, who pressed what and what came of it."""
    signal, parts = card.signal, list[str | Span]()
    if signal.decided_at is not None:
        parts.append(
            f"\n{signal.state.value.capitalize()} by {card.decided_by or 'the clock'} "
            f"{wording.moment(desk.local(signal.decided_at))}"
            f"{f': {signal.note[:200]}' if signal.note else ''}."
        )
    deeds = [
        deed
        for deed in await desk.journal.read(Deed, subjects__not="", order="number")
        if audit.concerns(deed, signal.id) and deed.verb != recipe.PROPOSED
    ][-DEEDS:]
    if not deeds:
        return parts
    lines = [line for deed in deeds for line in _pressed(desk, deed)]
    parts += ["\n\n", table(_cut(lines, PRESSES))]
    shown = next((deed.shown for deed in reversed(deeds) if deed.shown), "")
    if shown:
        parts += ["\nThe card said:\n", italic(shown[:CARD])]
    return parts


def _pressed(desk: Desk, deed: Deed) -> list[str]:
    when = desk.local(deed.at)
    how = "pressed" if deed.detail.get("pressed") else "wrote"
    asked = " ".join((deed.verb, *deed.args[1:]))[:60]
    head = f"{when.day} {when:%b %H:%M:%S}"
    said = f"{doer(desk, deed)} {how} {asked}: {came_of(deed)}"
    return [head, *folded("", said[:160])]


async def _ordered(desk: Desk, order: Order, signal: Signal | None = None) -> list[str | Span]:
    """The order, what the broker said, its fills and what they made."""
    currency = desk.instrument(order.symbol).currency
    limit = f" limit {wording.price(order.limit)}" if order.limit is not None else ""
    head = (
        f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol} "
        f"{order.type.value}{limit}"
    )
    parts: list[str | Span] = ["\n\n" if signal else "", bold(f"Order {order.key}")]
    parts.append(f"\n{head}: {order.state.value.replace('_', ' ')}")
    parts.append(f", {order.note[:200]}." if order.note else ".")
    if order.submitted_at is not None:
        sent = wording.moment(desk.local(order.submitted_at))
        tries = f", attempt {order.attempts}" if order.attempts > 1 else ""
        ref = f"; its number there is {order.broker_ref}" if order.broker_ref else ""
        parts.append(f"\nSent to {order.broker} {sent}{tries}{ref}.")
    fills = await desk.journal.read(Fill, order_key=order.key)
    parts += [f"\n{line}" for line in _filled(desk, fills)]
    if fills and signal is not None:
        parts.append(_slipped(order, signal, fills, currency))
    if fills:
        parts.append(await _made(desk, order))
    return parts


def _filled(desk: Desk, fills: Sequence[Fill]) -> list[str]:
    lines = [
        f"{wording.moment(desk.local(fill.at))} filled {wording.quantity(fill.quantity)} @ "
        f"{wording.price(fill.price.quantize(cards.CENT))} {fill.currency}"
        for fill in fills[:FILLS]
    ]
    more = len(fills) - FILLS
    return [*lines, f"and {wording.number_of(more, 'fill')} more"] if more > 0 else lines


def _slipped(order: Order, signal: Signal, fills: Sequence[Fill], currency: str) -> str:
    units = sum((fill.quantity for fill in fills), Decimal(0))
    paid = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
    fees = sum((fill.fee + fill.tax for fill in fills), Decimal(0))
    slip = (paid / units / signal.price - 1) * order.side.sign if units and signal.price else None
    if slip is None:
        return ""
    return (
        f"\n{wording.percent(abs(slip), 2)} {'worse' if slip > 0 else 'better'} than the signal; "
        f"fees {wording.money(fees, currency)}."
    )


async def _made(desk: Desk, order: Order) -> str:
    """What the round trips that this order began or ended made; net, in the desk's currency."""
    ledger = await desk.books.ledger()
    trips = [trip for trip in ledger.trades if order.key in (trip.opened_by, trip.closed_by)]
    if not trips:
        return "\nStill held: /positions says what it is worth."
    if any(trip.net_base.is_nan() for trip in trips):
        return f"\nIts trade ended, /trade {trips[-1].id}; no rate to {desk.currency} is known."
    net = sum((trip.net_base for trip in trips), Decimal(0))
    return f"\nIts trade made {wording.profit(net, desk.currency)} net: /trade {trips[-1].id}."


async def _chart(desk: Desk, request: Request, card: story.Card) -> None:
    picture = card.picture
    if picture is None or picture.state is PictureState.FAILED:
        raise BadCommand(f"no chart of signal {card.signal.id} is kept any more")
    said = message(bold(cards.headline(card)), f"\n{first_line(card.signal.reason)}")
    await notices.answer(desk, request, said, picture_id=picture.id)
