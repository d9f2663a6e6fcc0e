"""/compare: the strategies' cumulative P&L in one picture, and by month."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import accumulate

from analytics.days import Day
from analytics.periods import Span, buckets
from desk import notices, report, wording
from desk.console.asked import Asked, today
from desk.console.choices import periods
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.console.tables import narrow
from desk.desk import Desk
from desk.stretch import Stretch, stretch
from trading.facts import Request
from trading.messages import Span as Text
from trading.messages import bold, message

LINES = 12  # that fit the picture and a caption
ZERO = Decimal(0)


async def compare(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again, of another period."""
    span = stretch(" ".join(request.args) or "all", today(desk))
    found = await report.courses(desk)
    lines = {
        name: [day for day in report.daily(course) if span.holds(day.day)]
        for name, course in found.items()
    }
    if not found:
        nothing = "No trading yet, so nothing to compare. /strategies shows who may trade."
        await notices.answer(desk, request, f"{nothing}\n{await as_of(desk)}")
        return
    ranked = sorted(lines, key=lambda name: (-_net(lines[name]), name))
    drawn = sorted(ranked, key=lambda name: -abs(_net(lines[name])))[:LINES]
    kept = {name: lines[name] for name in ranked if name in drawn}
    said = message(
        *await _words(desk, span, lines, kept), buttons=[periods("compare", Asked(span))]
    )
    picture = await wanted(desk, "compare", _spec(desk, span, kept))
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


def _net(days: Sequence[Day]) -> Decimal:
    return sum((day.net for day in days), ZERO)


async def _words(
    desk: Desk, span: Stretch, lines: Mapping[str, Sequence[Day]], kept: Mapping[str, Sequence[Day]]
) -> list[str | Text]:
    trades = report.closed(desk, await desk.books.ledger(), span.first, span.last)
    total = sum(map(_net, lines.values()), ZERO)
    others = total - sum(map(_net, kept.values()), ZERO)
    rows = [
        (name, wording.signed(_net(days)), str(sum(t.book.strategy == name for t in trades)))
        for name, days in kept.items()
    ]
    if len(kept) < len(lines):
        there = sum(t.book.strategy not in kept for t in trades)
        rows.append((f"{len(lines) - len(kept)} others", wording.signed(others), str(there)))
    rows.append(("total", wording.signed(total), str(len(trades))))
    return [
        bold(f"Strategies {span.name}"),
        "\n",
        narrow([("", f"net {desk.currency}", "trades"), *rows]),
        f"\n{await as_of(desk)}",
    ]


def _spec(desk: Desk, span: Stretch, kept: Mapping[str, Sequence[Day]]) -> dict[str, object]:
    return {
        "lines": {
            name: [
                [day.day.isoformat(), str(net)]
                for day, net in zip(days, accumulate(day.net for day in days), strict=True)
            ]
            for name, days in kept.items()
        },
        "months": {
            name: [[f"{one.first:%Y-%m}", str(one.net)] for one in buckets(days, Span.MONTH)]
            for name, days in kept.items()
        },
        "title": f"Strategies {span.name}",
        "subtitle": "cumulative net P&L, and by month",
        "currency": desk.currency,
    }
