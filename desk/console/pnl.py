"""/pnl: a period's profit and loss as a picture, its figures under it."""

from collections.abc import Sequence

from analytics.periods import last_day
from desk import notices, report, wording
from desk.console.asked import Asked, asked, whose
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.console.tables import figures
from desk.desk import Desk
from desk.report import Profit
from desk.stretch import BUTTONS
from trading.facts import Request
from trading.messages import Button, ButtonStyle, Span, bold, message

STRATEGIES = 8  # that have a button
LONG = 66  # sessions; of more, a bar is a month


async def pnl(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again."""
    of = await asked(desk, request, "all", "/pnl month")
    found = await report.profit(desk, of.stretch, of.strategy, gross=of.gross)
    if not found.until and not found.trades:
        nothing = f"No trading yet, so no P&L. /signals shows what waits.\n{await as_of(desk)}"
        await notices.answer(desk, request, nothing, edits=pressed(request))
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
    rows = [
        [
            Button(label, "pnl", of.args(period=word), lit(word == of.stretch.word), once=False)
            for word, label in BUTTONS.items()
        ]
    ]
    names = await whose(desk)
    if len(names) > 1:
        choices = [("All strategies", None), *((name, name) for name in names[:STRATEGIES])]
        buttons = [
            Button(label, "pnl", of.args(whose=name), lit(name == of.strategy), once=False)
            for label, name in choices
        ]
        rows += [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    other = "Net" if of.gross else "Gross"
    rows.append([Button(other, "pnl", of.args(gross=not of.gross), once=False)])
    return rows


def lit(chosen: bool) -> ButtonStyle:
    """How a button of what is shown now stands out."""
    return "primary" if chosen else ""
