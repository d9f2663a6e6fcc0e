"""What a square-off says of itself, in the one message it edits."""

from decimal import Decimal

from desk import wording
from desk.desk import Desk
from desk.scope import ALL, Kind, Scope
from desk.squareoff.closes import prefix
from desk.squareoff.progress import Place, Progress
from desk.squaring import JOB
from trading.errors import DamagedRow
from trading.facts import Run
from trading.orders import Fill, Order
from trading.types import Holdings

ZERO = Decimal(0)
SHOWN = 12  # instruments named in the message


async def closed(desk: Desk, run: Run) -> str:
    """ "Closed 2: MSFT −52.00, TSLA +149.00; +97.00 USD net."; "" where nothing was. Each with
    what its trip made from its first fill to the last."""
    orders = await desk.journal.read(Order, purpose=JOB, order="id")
    mine = {o.key: o for o in orders if o.key.startswith(prefix(desk, run))}
    fills = await desk.journal.read(Fill, order_key__in=tuple(mine))
    symbols = dict.fromkeys(fill.symbol for fill in fills)
    if not symbols:
        return ""
    count = f"Closed {len(symbols)}: "
    try:
        trades = (await desk.books.ledger()).trades
    except DamagedRow:
        return f"{count}{', '.join(list(symbols)[:SHOWN])}; the books cannot say at what P&L."
    ended = [trade for trade in trades if trade.closed_by in mine]
    made = {
        symbol: sum((one.net_base for one in ended if one.book.symbol == symbol), ZERO)
        for symbol in symbols
    }
    total = sum(made.values(), ZERO)
    if total.is_nan():
        named = ", ".join(list(symbols)[:SHOWN])
        return f"{count}{named}; an exchange rate for its P&L is missing."
    names = [f"{name} {wording.signed(net)}" for name, net in made.items()]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{count}{', '.join(names[:SHOWN])}{more}; {wording.profit(total, desk.currency)} net."


def wording_of(
    desk: Desk,
    progress: Progress,
    closed: str = "",
    scope: Scope = ALL,
    *,
    latched: bool = True,
) -> str:
    """The saga's message, step by step and broker by broker; `closed` is what it closed, once it
    is over."""
    if progress.ended:
        parts = [_cancelled(progress.cancelled), closed, *_left(progress)]
        parts += [flat(scope) if progress.flat else "Not flat; /squareoff tries again."]
        return "\n".join(filter(None, [*parts, after(scope, latched=latched)]))
    several = len(progress.places) > 1
    lines = []
    for place in progress.places:
        said = _steps(desk, place) or ["Flat." if place.rests and not place.left else "Working."]
        if several:
            said[0] = f"{wording.capital(place.broker)}: {said[0][0].lower()}{said[0][1:]}"
        lines += said
    return "\n".join(lines)


def flat(scope: Scope) -> str:
    if scope.kind is Kind.STRATEGY:
        return f"Flat: {scope.name} holds nothing."
    if scope.kind is Kind.SYMBOL:
        return f"Flat: no broker shows any {scope.name}."
    if scope.kind is Kind.BROKER:
        return f"Flat: {scope.name} shows no position."
    return "Flat: the broker shows no position."


def after(scope: Scope, *, latched: bool) -> str:
    """What stays as it is now."""
    if not latched:
        return ""
    if scope.kind is Kind.SYMBOL:
        return f"{scope.name} stays locked against entries; /locks shows it."
    if scope == ALL:
        return "Trading stays halted until /resume."
    return f"{wording.capital(scope.words)} stays halted until /resume {scope.name}."


def _steps(desk: Desk, place: Place) -> list[str]:
    lines = [_cancelled(place.cancelled)]
    if place.held:
        lines.append(f"Closing {len(place.held)}: {_names(place.held)}.")
    now = desk.market.now()
    if place.held and desk.calendar.session_at(now) is None:
        opens = desk.local(desk.calendar.next_session(now).open)
        lines.append(
            f"The market is closed; the orders go at the open, {wording.moment(opens)} "
            f"{wording.place(desk.calendar.zone)}."
        )
    if place.in_doubt:
        lines.append(f"Outcome not known yet: {', '.join(place.in_doubt)}; asking the broker.")
    if place.unsettled and not (place.working or place.in_doubt):
        lines.append("Waiting until the broker's books have settled.")
    lines += [_stays(place)] if place.left else []
    if place.note:
        lines.append(f"{place.note}; trying again.")
    return [line for line in lines if line]


def _cancelled(number: int) -> str:
    return f"Cancelled {wording.count(number, 'order')}." if number else ""


def _left(progress: Progress) -> list[str]:
    return [_stays(place) for place in progress.places if place.left]


def _stays(place: Place) -> str:
    shown = [f"{_units(one.holding)} ({one.why})" for one in place.left[:SHOWN]]
    more = f" and {len(place.left) - SHOWN} more" if len(place.left) > SHOWN else ""
    return f"Left at {place.broker}: {'; '.join(shown)}{more}."


def _names(held: tuple[Holdings, ...]) -> str:
    names = ", ".join(_units(holding) for holding in held[:SHOWN])
    return names + (f" and {len(held) - SHOWN} more" if len(held) > SHOWN else "")


def _units(holding: Holdings) -> str:
    return f"{wording.quantity(holding.quantity)} {holding.symbol}"
