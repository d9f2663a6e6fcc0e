"""/slippage: what became of the signal's price on the way to the books."""

from collections.abc import Sequence
from decimal import Decimal

from analytics.shortfall import Execution, Shortfall, by_broker, by_strategy, shortfall
from desk import notices, wording
from desk.console.asked import asked
from desk.console.choices import periods, strategies
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.console.tables import NONE, narrow
from desk.desk import Desk
from desk.executions import executions
from trading.facts import Request
from trading.messages import Span, bold, message

DRAWN = 12  # rows of a picture, and of a table in its caption


async def slippage(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again, of another period or strategy."""
    of = await asked(desk, request, "all", "/slippage month")
    found = await executions(desk, of.stretch.first, of.stretch.last, of.strategy or "")
    buttons = [periods("slippage", of), *await strategies(desk, "slippage", of)]
    if not found:
        nothing = f"No order filled {of.stretch.name}, so no slippage. /orders shows what works.\n"
        said = message(nothing, await as_of(desk), buttons=buttons if _ever(request) else ())
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    total = shortfall(found)
    mine = sorted(by_strategy(found), key=lambda one: -one.value)[:DRAWN]
    said = message(
        bold(f"Slippage {of.stretch.name}"),
        f" · {of.whose}\n{_summary(desk, total)}",
        *_tables(found, total, mine),
        "\nA plus costs you. Late is signal to decision, fill from there to the fill\n",
        await as_of(desk),
        buttons=buttons,
    )
    spec = {
        "rows": [
            [one.name, *(one.bps(part) or 0.0 for part in (one.delay, one.execution, one.costs))]
            for one in mine
        ],
        "title": f"Slippage {of.stretch.name}",
        "subtitle": f"{of.whose}, basis points of the signal's price",
    }
    picture = await wanted(desk, "slippage", spec)
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


def _ever(request: Request) -> bool:
    """Whether something narrower than everything was asked for."""
    return bool(request.args)


def _summary(desk: Desk, total: Shortfall) -> str:
    orders = wording.number_of(total.orders, "order")
    return (
        f"{orders} worth {wording.money(total.value, desk.currency)}\n"
        f"Slippage {_cost(total.slippage, desk.currency)}; "
        f"fees and taxes {_cost(total.costs, desk.currency)}\n"
    )


def _cost(amount: Decimal, currency: str) -> str:
    """ "cost 1.00 USD", "saved 1.00 USD"."""
    word = "saved" if amount < 0 else "cost"
    return f"{word} {wording.money(abs(amount), currency)}"


def _tables(
    found: Sequence[Execution], total: Shortfall, mine: Sequence[Shortfall]
) -> list[str | Span]:
    rows = [("bps of price", "late", "fill", "fees", "all"), *map(_row, mine)]
    brokers = by_broker(found)
    if len(brokers) > 1:
        rows += map(_row, brokers[:3])
    if len(mine) > 1:
        rows.append(_row(total))
    return [narrow(rows)]


def _row(one: Shortfall) -> tuple[str, ...]:
    parts = (one.delay, one.execution, one.costs, one.total)
    return one.name, *(_bps(one.bps(part)) for part in parts)


def _bps(value: float | None) -> str:
    """One place, without one from a hundred on."""
    if value is None:
        return NONE
    return wording.signed(Decimal(str(value)), 1 if abs(value) < 100 else 0)
