"""/performance: trades by symbol, strategy, weekday, hour or reason of the exit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from analytics import groups
from analytics.groups import Group
from desk import notices, report, wording
from desk.console.asked import Asked, asked, page, words
from desk.console.choices import lit, periods
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.console.tables import at_page, narrow, paged, turns
from desk.desk import Desk
from desk.statistics import exit_reasons
from trading.facts import Request
from trading.ledger import Trade
from trading.messages import Button, bold, message

BY: Mapping[str, str] = {
    "symbol": "by symbol",
    "strategy": "by strategy",
    "weekday": "by weekday of the entry",
    "hour": "by hour of the entry",
    "exit": "by reason of the exit",
}
DRAWN = 16  # rows of a picture
SIZE = 10  # of a page


async def performance(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again, grouped otherwise or of another period."""
    given = words(request)
    by = next((word for arg in given if (word := arg.lower()) in BY), "symbol")
    rest = tuple(arg for arg in given if arg.lower() not in BY)
    of = await asked(desk, replace(request, args=rest), "all", "/performance weekday")
    ledger = await desk.books.ledger()
    ended = [
        trade
        for trade in report.closed(desk, ledger, of.stretch.first, of.stretch.last)
        if of.strategy in (None, trade.book.strategy)
    ]
    if not ended:
        nothing = f"No trade ended {of.stretch.name}. /positions shows what is held."
        buttons = [periods("performance", of, by)] if ledger.trades else []
        said = message(f"{nothing}\n", await as_of(desk), buttons=buttons)
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    found = await _grouped(desk, ended, by)
    part, at, pages = paged(found, page(request), SIZE)
    total = sum((trade.net_base for trade in ended), Decimal(0))
    said = message(
        bold(f"Performance {BY[by]}"),
        f" · {of.whose}, {of.stretch.name}\n",
        narrow([("", "trades", "won", f"net {desk.currency}"), *map(_row, part)]),
        f"\n{at_page(at, pages)}{wording.number_of(len(ended), 'trade')}, "
        f"{wording.profit(total, desk.currency)} net\n",
        await as_of(desk),
        buttons=_buttons(of, by, at, pages),
    )
    spec = {
        "rows": _drawn(found, by),
        "title": f"Net P&L {BY[by]}",
        "subtitle": f"{of.whose}, {of.stretch.name}",
        "currency": desk.currency,
        "stand": "rows",
    }
    picture = await wanted(desk, "bars", spec)
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


async def _grouped(desk: Desk, ended: Sequence[Trade], by: str) -> list[Group]:
    match by:
        case "strategy":
            return groups.by_strategy(ended)
        case "weekday":
            return groups.by_weekday(ended, desk.zone)
        case "hour":
            return [
                replace(group, name=_name(group.name, by))
                for group in groups.by_hour(ended, desk.zone)
            ]
        case "exit":
            return groups.by_exit(ended, await exit_reasons(desk, ended))
        case _:
            return groups.by_symbol(ended)


def _drawn(found: Sequence[Group], by: str) -> list[list[str]]:
    """The largest; what the rest came to stands last, so that the picture's total is the whole."""
    most = DRAWN if len(found) <= DRAWN else DRAWN - 1
    loudest = sorted(found, key=lambda group: -abs(group.net))[:most]
    rows = [[_name(group.name, by), str(group.net)] for group in found if group in loudest]
    rest = [group.net for group in found if group not in loudest]
    return [*rows, [f"{len(rest)} others", str(sum(rest, Decimal(0)))]] if rest else rows


def _name(name: str, by: str) -> str:
    """An hour as the exchange's clock shows it."""
    return f"{name}:00" if by == "hour" and ":" not in name else name


def _row(group: Group) -> tuple[str, ...]:
    return (
        group.name,
        str(group.trades),
        wording.percent(group.win_rate, 0),
        wording.signed(group.net),
    )


def _buttons(of: Asked, by: str, at: int, pages: int) -> list[list[Button]]:
    kinds = [
        Button(
            wording.capital(word), "performance", (word, *of.args()), lit(word == by), once=False
        )
        for word in BY
    ]
    return [
        *turns("performance", at, pages, by, *of.args()),
        kinds[:3],
        kinds[3:],
        periods("performance", of, by),
    ]
