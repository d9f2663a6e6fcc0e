"""/trades: round trips that ended, newest first, a page at a time."""

from collections.abc import Sequence
from decimal import Decimal

from desk import notices, report, wording
from desk.console.asked import not_understood, page, today, whose, words
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.tables import at_page, narrow, paged, turns
from desk.desk import Desk
from desk.stretch import stretch
from trading.errors import BadCommand
from trading.facts import Request
from trading.ledger import Trade
from trading.messages import Span, bold, message

EXAMPLE = "/trades 20"
MOST = 100_000


async def ended(desk: Desk) -> list[Trade]:
    """All that ever ended, newest first."""
    span = stretch("all", today(desk))
    found = report.closed(desk, await desk.books.ledger(), span.first, span.last)
    return sorted(found, key=lambda trade: (trade.closed_at, trade.id), reverse=True)


async def trades(desk: Desk, request: Request) -> None:
    found = await ended(desk)
    if not found:
        nothing = "No trade has ended yet. /positions shows what is held."
        await notices.answer(desk, request, f"{nothing}\n{await as_of(desk)}")
        return
    known = {name.lower(): name for name in await whose(desk)}
    symbols = {trade.book.symbol.lower(): trade.book.symbol for trade in found}
    names, given = [], words(request)
    most = MOST
    for arg in given:
        word = arg.lower()
        if arg.isascii() and arg.isdigit() and int(arg[:7]):
            most = int(arg[:7])
        elif word in known or word in symbols:
            names.append(known.get(word) or symbols[word])
        elif instrument := desk.instruments.find(arg.upper()):
            names.append(instrument.symbol)  # and no trade of it has ended
        else:
            there = [*known.values(), *symbols.values()]
            raise BadCommand(not_understood(arg, there[:8], EXAMPLE, what="strategy or symbol"))
    found = [t for t in found if all(n in (t.book.strategy, t.book.symbol) for n in names)][:most]
    part, at, pages = paged(found, page(request))
    await notices.answer(
        desk,
        request,
        message(
            bold(_title(found, names)),
            f"\n{_total(desk, found)}\n",
            _table(desk, part) if part else "",
            f"\n{at_page(at, pages)}" if part else "",
            f"/trade {part[0].id} tells one whole\n" if part else "",
            await as_of(desk),
            buttons=turns("trades", at, pages, *given),
        ),
        edits=pressed(request),
    )


def _title(found: Sequence[Trade], names: Sequence[str]) -> str:
    of = f" of {' in '.join(names)}" if names else ""
    return f"{wording.number_of(len(found), 'trade')}{of}"


def _total(desk: Desk, found: Sequence[Trade]) -> str:
    net = sum((trade.net_base for trade in found), Decimal(0))
    won = sum(trade.net_base > 0 for trade in found)
    return f"{wording.profit(net, desk.currency)} net, {won} won"


def _table(desk: Desk, part: Sequence[Trade]) -> Span:
    rows = [("", "trade", "ended", f"net {desk.currency}")]
    for trade in part:
        day = desk.local(trade.closed_at)
        when = f"{day.day} {day:%b %y}"
        rows.append((trade.book.symbol, str(trade.id), when, wording.signed(trade.net_base)))
    return narrow(rows)
