"""What a press under a difference asks first: the figures, the money, what it will do."""

from decimal import Decimal

from desk import adopt, wording
from desk.desk import Desk
from desk.differences import CLOSE, IGNORE, Difference, Shift, Stray
from desk.halt import trading_state
from trading.facts import Trading
from trading.messages import Message, bold, message


async def question(desk: Desk, found: Difference, act: str) -> Message:
    """Without its buttons. Raises DeskError where it cannot be done, naming why."""
    if act == IGNORE:
        return _ignoring(found)
    if isinstance(found, Shift):
        return await (_closing if act == CLOSE else _adopting)(desk, found)
    return await (_ending if act == CLOSE else _taking)(desk, found)


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
        f"\n{_holds(found)}\nOur books take {parts(plan)}, at {priced(plan)}: "
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
        f"to unassigned first, at {priced(plan)}.",
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


def parts(plan: adopt.Booking) -> str:
    """ "−10 AAPL in dip and −3 in unassigned"."""
    said = [f"{_units(units)} in {name}" for name, units in plan.parts.items()]
    said[0] = said[0].replace(" in ", f" {plan.shift.symbol} in ", 1)
    return " and ".join(said)


def _units(units: Decimal) -> str:
    return ("+" if units > 0 else "") + wording.quantity(units)


def priced(plan: adopt.Booking) -> str:
    """ "100.00 USD, the last price"."""
    price = wording.price(plan.price.quantize(plan.instrument.tick))
    return f"{price} {plan.instrument.currency}, {plan.source}"
