"""/daily, /weekly, /monthly: net P&L of the last days, weeks or months, as bars and a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from analytics.days import Day
from analytics.periods import Bucket, Span, buckets
from desk import notices, report, wording
from desk.console.asked import chosen, number, page, today, whose, words
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.console.tables import at_page, narrow, paged, turns
from desk.desk import Desk
from trading.facts import Request
from trading.ledger import Trade
from trading.messages import bold, message


@dataclass(frozen=True, slots=True)
class _Form:
    verb: str
    span: Span
    usual: int
    most: int


_DAILY = _Form("daily", Span.DAY, 14, 66)
_WEEKLY = _Form("weekly", Span.WEEK, 12, 104)
_MONTHLY = _Form("monthly", Span.MONTH, 12, 60)


async def daily(desk: Desk, request: Request) -> None:
    """The last sessions."""
    await _bars(desk, request, _DAILY)


async def weekly(desk: Desk, request: Request) -> None:
    await _bars(desk, request, _WEEKLY)


async def monthly(desk: Desk, request: Request) -> None:
    await _bars(desk, request, _MONTHLY)


async def _bars(desk: Desk, request: Request, form: _Form) -> None:
    example = f"/{form.verb} {form.usual}"
    given = words(request)
    count = form.usual
    if given and given[0][:1].isdigit():
        count = number(given.pop(0), form.most, example)
    strategy = chosen(given, await whose(desk), example)
    found = await report.profit(desk, "all", strategy)
    if not found.days:
        nothing = f"No trading yet, so nothing by {form.span}. /signals shows what waits."
        await notices.answer(desk, request, f"{nothing}\n{await as_of(desk)}")
        return
    shown = last_buckets(found.days, form.span, count, today(desk))
    ended = _by_bucket(desk, shown, found.trades)
    total = sum((bucket.net for bucket in shown), Decimal(0))
    rows = [*zip(shown, ended, strict=True)][::-1]
    part, at, pages = paged(rows, page(request))
    lines = [(_HEAD[form.span], f"net {found.currency}", "trades")]
    lines += [(label(one), wording.signed(one.net), str(trades)) for one, trades in part]
    if at == pages:
        lines.append(("total", wording.signed(total), str(sum(ended))))
    noun = f"{len(shown)} {form.span}s" if len(shown) > 1 else str(form.span)
    name = strategy or "All strategies"
    args = (str(count), *((strategy,) if strategy else ()))
    said = message(
        bold(f"The last {noun}"),
        f" · {name}\n{wording.profit(total, found.currency)} net\n",
        narrow(lines),
        f"\n{at_page(at, pages)}{await as_of(desk)}",
        buttons=turns(form.verb, at, pages, *args),
    )
    spec = {
        "rows": [[short(one), str(one.net)] for one in shown],
        "title": f"Net P&L, last {noun}",
        "subtitle": name,
        "currency": found.currency,
    }
    picture = await wanted(desk, "bars", spec)
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


def last_buckets(days: Sequence[Day], span: Span, count: int, today: date) -> list[Bucket]:
    """The last `count` up to the one that holds today; weeks and months without trading are there,
    with nothing in them, unless they lie before the first."""
    until = [] if span is Span.DAY else [Day(today, Decimal(0))]
    return buckets([*days, *until], span)[-count:]


def _by_bucket(desk: Desk, shown: Sequence[Bucket], trades: Sequence[Trade]) -> list[int]:
    """How many trades ended in each; on days between two sessions, in the one before."""
    counts = [0] * len(shown)
    for trade in trades:
        day = desk.local(trade.closed_at).date()
        begun = [place for place, bucket in enumerate(shown) if bucket.first <= day]
        if begun:
            counts[begun[-1]] += 1
    return counts


_HEAD = {Span.DAY: "day", Span.WEEK: "week of", Span.MONTH: "month"}


def label(bucket: Bucket) -> str:
    """ "Tue 4 Feb", "3 Feb 25", "Feb 2025"."""
    first = bucket.first
    match bucket.span:
        case Span.DAY:
            return wording.short_day(first)
        case Span.WEEK:
            return f"{first.day} {first:%b %y}"
        case _:
            return f"{first:%b %Y}"


def short(bucket: Bucket) -> str:
    """Under a bar: "4 Feb", "Feb 25"."""
    first = bucket.first
    return f"{first:%b %y}" if bucket.span is Span.MONTH else f"{first.day} {first:%b}"
