"""/trade: one round trip from its signal to its profit, as it went."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from analytics.excursion import amounts
from desk import notices, wording
from desk.console.asked import number
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.stats import gain
from desk.console.trades import ended
from desk.decide import decider
from desk.desk import Desk
from desk.statistics import excursion
from trading.errors import BadCommand
from trading.facts import Request
from trading.ledger import Trade
from trading.messages import Span, bold, message
from trading.orders import Fill, Order
from trading.signals import Signal

EXAMPLE = "/trade 17"
FILLS = 12  # shown one by one
CENT = Decimal("0.01")


async def trade(desk: Desk, request: Request) -> None:
    """Raises BadCommand for a number that is no trade's."""
    if not request.args:
        raise BadCommand(f"which trade? For example: {EXAMPLE}. /trades lists them")
    wanted = number(request.args[0].lstrip("#"), 999_999, EXAMPLE)
    found = [one for one in await ended(desk) if one.id == wanted]
    if not found:
        raise BadCommand(f"no trade {wanted} has ended; /trades lists those that have")
    one = found[0]
    direction = "long" if one.quantity > 0 else "short"
    units = wording.quantity(abs(one.quantity))
    parts: list[str | Span] = [
        bold(f"Trade {one.id}: {one.book.symbol} {direction} {units}"),
        f" · {one.book.strategy}\n",
        bold(f"{wording.profit(one.net_base, desk.currency)} net"),
        f"{_returned(one)}\n\n",
        *await _timeline(desk, one, reader=request.operator),
        f"\nHeld {wording.lasted(one.closed_at - one.opened_at)}: "
        f"{_price(one.entry)} to {_price(one.exit)} {one.currency}\n",
        _costs(desk, one),
        await _excursion(desk, one),
        await as_of(desk),
    ]
    await notices.answer(desk, request, message(*parts), edits=pressed(request))


async def _excursion(desk: Desk, one: Trade) -> str:
    """How far the price went against it and for it; nothing where no bars are kept."""
    found = await excursion(desk, one)
    if found is None:
        return ""
    adverse, favourable = amounts(one, found)
    bound = "" if found.certain else ", at most: its first or last bar was not held whole"
    return (
        f"Worst on the way (MAE) {gain(found.adverse)}, {wording.profit(adverse, desk.currency)}\n"
        f"Best on the way (MFE) {gain(found.favourable)}, "
        f"{wording.profit(favourable, desk.currency)}{bound}\n"
    )


def _returned(one: Trade) -> str:
    """ ", +5.96 % of its cost"."""
    if not one.cost_base:
        return ""
    share = one.net_base / abs(one.cost_base)
    sign = "+" if share > 0 else ""
    return f", {sign}{wording.percent(share, 2)} of its cost"


async def _timeline(desk: Desk, one: Trade, *, reader: int) -> list[str]:
    """Signals, decisions and fills of both ends by their time, in the exchange's zone."""
    strategy, account, symbol = one.book
    fills = [
        fill
        for fill in await desk.journal.read(
            Fill,
            strategy=strategy,
            account=account,
            symbol=symbol,
            at__gte=one.opened_at,
            at__lte=one.closed_at,
        )
        if not fill.reverses
    ]
    keys = tuple({one.opened_by, one.closed_by, *(fill.order_key for fill in fills)})
    orders = await desk.journal.read(Order, key__in=keys)
    numbers = tuple(order.signal_id for order in orders if order.signal_id is not None)
    signals = await desk.journal.read(Signal, id__in=numbers)
    events: list[tuple[datetime, int, str]] = []
    for signal in signals:
        events.append((signal.proposed_at, 0, f"signal {signal.id} at {_price(signal.price)}"))
        if signal.decided_at is not None:
            who = decider(desk, signal, reader=reader)
            by = f" by {who}" if who else ""
            events.append((signal.decided_at, 1, f"{signal.state.value}{by}"))
    events += [
        (order.submitted_at, 2, f"{order.type.value} order sent{_purpose(order)}")
        for order in orders
        if order.submitted_at is not None
    ]
    events += [(fill.at, 3, _filled(fill)) for fill in _shown(fills)]
    lines = [f"{wording.moment(desk.local(at))} {words}\n" for at, _, words in sorted(events)]
    if len(fills) > FILLS:
        lines.append(f"… and {wording.number_of(len(fills) - FILLS, 'fill')} between\n")
    return lines


def _purpose(order: Order) -> str:
    return "" if order.purpose == "signal" else f", {order.purpose}"


def _shown(fills: Sequence[Fill]) -> Sequence[Fill]:
    half = FILLS // 2
    return fills if len(fills) <= FILLS else [*fills[:half], *fills[-half:]]


def _filled(fill: Fill) -> str:
    done = "bought" if fill.side.sign > 0 else "sold"
    costs = f", fee {_price(fill.fee)}" if fill.fee else ""
    taxes = f", tax {_price(fill.tax)}" if fill.tax else ""
    adopted = ", adopted" if fill.is_adopted else ""
    return (
        f"{done} {wording.quantity(fill.quantity)} @ {_price(fill.price)} {fill.currency}"
        f"{costs}{taxes}{adopted}"
    )


def _price(value: Decimal) -> str:
    """To four places, at least two of them."""
    return wording.price(value.quantize(Decimal("0.0001")))


def _costs(desk: Desk, one: Trade) -> str:
    """What the net is made of, in the instrument's currency; then in the desk's, with what the
    exchange rate did, where that is another."""
    made = (
        f"Gross {wording.signed(one.gross)}, fees {wording.amount(one.fees)}, "
        f"taxes {wording.amount(one.taxes)}, net {wording.profit(one.net, one.currency)}\n"
    )
    if one.currency == desk.currency:
        return made
    return made + (
        f"In {desk.currency}: price {wording.signed(one.gross_base)}, exchange rate "
        f"{wording.signed(one.fx_base)}, costs {wording.amount(one.costs_base)}\n"
    )
