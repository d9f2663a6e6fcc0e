"""/trade: one round trip from its signal to its profit, as it went."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from analytics.excursion import amounts
from desk import notices, wording
from desk.console import exits
from desk.console.asked import number
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.stats import Rows, gain
from desk.console.tables import folded, ledger
from desk.console.trades import ended
from desk.decide import decider
from desk.desk import Desk
from desk.statistics import excursion
from trading.errors import BadCommand
from trading.facts import Request
from trading.ledger import Trade
from trading.messages import bold, message, table
from trading.orders import Fill, Order
from trading.signals import Signal

EXAMPLE = "/trade 17"
FILLS = 12  # shown one by one


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
    said = message(
        bold(f"Trade {one.id}: {one.book.symbol} {direction} {units}"),
        f" · {one.book.strategy}\n",
        bold(f"{wording.profit(one.net_base, desk.currency)} net"),
        f"{_returned(one)}\n",
        table("\n".join(await _timeline(desk, one, reader=request.operator))),
        "\n",
        ledger(
            [*_figures(desk, one), *await exits.figures(desk, one), *await _excursion(desk, one)]
        ),
        f"\n{await as_of(desk)}",
    )
    await notices.answer(desk, request, said, edits=pressed(request))


async def _excursion(desk: Desk, one: Trade) -> Rows:
    """How far the price went against it (MAE) and for it (MFE); nothing where no bars are kept.
    "at most": its first or last bar was not held whole."""
    found = await excursion(desk, one)
    if found is None:
        return []
    bound = "" if found.certain else " at most"
    shares = (("MAE", found.adverse), ("MFE", found.favourable))
    return [
        (f"{name}{bound}", f"{gain(share)} {wording.profit(amount, desk.currency)}")
        for (name, share), amount in zip(shares, amounts(one, found), strict=True)
    ]


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
    lines: list[str] = []
    for day, group in groupby(sorted(events), key=lambda event: desk.local(event[0]).date()):
        lines.append(f"{wording.short_day(day)} {day.year}")
        for at, _, words in group:
            lines += folded(f"{desk.local(at):%H:%M}", words)
    if len(fills) > FILLS:
        lines.append(f"and {wording.number_of(len(fills) - FILLS, 'fill')} between those")
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
    return f"{done} {wording.quantity(fill.quantity)} @ {_price(fill.price)}{costs}{taxes}{adopted}"


def _price(value: Decimal) -> str:
    """To four places, at least two of them."""
    return wording.price(value.quantize(Decimal("0.0001")))


def _figures(desk: Desk, one: Trade) -> Rows:
    """What the net is made of, in the instrument's currency; then in the desk's, with what the
    exchange rate did, where that is another."""
    money = one.currency
    rows = [
        ("held", wording.lasted(one.closed_at - one.opened_at)),
        ("entry", f"{_price(one.entry)} {money}"),
        ("exit", f"{_price(one.exit)} {money}"),
        ("gross", wording.profit(one.gross, money)),
        ("fees", wording.profit(-one.fees, money)),
        ("taxes", wording.profit(-one.taxes, money)),
        ("net", wording.profit(one.net, money)),
    ]
    if money == desk.currency:
        return rows
    base = desk.currency
    return [
        *rows,
        ("by price", wording.profit(one.gross_base, base)),
        ("by exchange rate", wording.profit(one.fx_base, base)),
        ("costs", wording.profit(-one.costs_base, base)),
        (f"net in {base}", wording.profit(one.net_base, base)),
    ]
