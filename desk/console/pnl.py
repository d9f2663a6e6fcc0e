"""/pnl: a period's profit and loss as a picture, its figures under it."""

from collections.abc import Sequence

from analytics.periods import last_day
from desk import notices, report, wording
from desk.console.asked import Asked, asked, today
from desk.console.choices import periods, strategies
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.console.tables import figures
from desk.desk import Desk
from desk.report import Profit
from trading.facts import Request
from trading.messages import Button, Message, Span, bold, message

LONG = 66  # sessions; of more, a bar is a month


async def pnl(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again."""
    of = await asked(desk, request, "all", "/pnl month")
    found = await report.profit(desk, of.stretch, of.strategy, gross=of.gross)
    if not found.until and not found.trades:
        await notices.answer(desk, request, await _nothing(desk, of), edits=pressed(request))
        return
    kind = "gross" if of.gross else "net"
    said = message(
        bold(f"P&L {of.stretch.name}"),
        f" · {of.whose}\n{wording.profit(found.total, found.currency)} {kind}",
        " of fees and taxes\n" if of.gross else "\n",
        *_changes(found),
        f"{_trades(found)}\nOpen now {wording.profit(found.unrealised, found.currency)}\n",
        await as_of(desk),
        buttons=await _buttons(desk, of),
    )
    spec = {
        "days": [[day.day.isoformat(), str(day.net)] for day in found.days],
        "title": f"{kind.capitalize()} P&L {of.stretch.name}",
        "subtitle": of.whose,
        "currency": found.currency,
        "bars": "month" if len(found.days) > LONG else "day",
        "gross": of.gross,
    }
    picture = await wanted(desk, "pnl", spec)
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


async def _nothing(desk: Desk, of: Asked) -> Message:
    """Before the first trade there is no picture; another period may have one."""
    if of.stretch.last < today(desk):
        by = of.stretch.last
        text = f"No trading by {by.day} {by:%b %Y}, so no P&L.\n"
        return message(text, await as_of(desk), buttons=await _buttons(desk, of))
    text = "No trading yet, so no P&L. /signals shows what waits.\n"
    return message(text, await as_of(desk))


def _changes(found: Profit) -> Sequence[str | Span]:
    """The last day, 7 and 30 days, each with its change against the ones before."""
    if found.last is None:
        return []
    spans = [(wording.short_day(found.last.day), last_day(found.until))]
    spans += [(f"{days} days", found.over(days)) for days in (7, 30)]
    rows = [(label, (span.net, span.change)) for label, span in spans]
    return [figures(("", found.currency, "change"), rows), "\n"]


def _trades(found: Profit) -> str:
    count = len(found.trades)
    return f"{wording.number_of(count, 'trade')} closed" + (f", {found.wins} won" if count else "")


async def _buttons(desk: Desk, of: Asked) -> list[list[Button]]:
    other = Button("Net" if of.gross else "Gross", "pnl", of.args(gross=not of.gross), once=False)
    return [periods("pnl", of), *await strategies(desk, "pnl", of), [other]]
