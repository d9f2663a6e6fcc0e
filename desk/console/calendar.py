"""/calendar: a heat map of the days of a year or of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from analytics.days import Day
from desk import notices, report, wording
from desk.console.asked import chosen, today, whose, words
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.pictures import wanted
from desk.desk import Desk
from desk.stretch import days_of
from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import Button, bold, message

EXAMPLE = "/calendar 2026-02"
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One year, or one month of it."""

    first: date
    is_month: bool

    @property
    def name(self) -> str:
        return f"{self.first:%B %Y}" if self.is_month else f"{self.first:%Y}"

    @property
    def word(self) -> str:
        """How it is asked for, and how every ISO date in it begins."""
        return f"{self.first:%Y-%m}" if self.is_month else f"{self.first:%Y}"

    @property
    def before(self) -> "_Leaf":
        return _leaf(self.first - timedelta(days=1), is_month=self.is_month)

    @property
    def after(self) -> "_Leaf":
        return _leaf(
            self.first + (timedelta(days=31) if self.is_month else YEAR + timedelta(1)),
            is_month=self.is_month,
        )


def _leaf(day: date, *, is_month: bool) -> _Leaf:
    return _Leaf(day.replace(day=1) if is_month else day.replace(month=1, day=1), is_month)


async def calendar(desk: Desk, request: Request) -> None:
    """Buttons show the one before, the one after, and the year or the month of the same days."""
    now = today(desk)
    given = words(request)
    leaf = _read(given[0], now) if given else _leaf(now, is_month=False)
    strategy = chosen(given[1:] if leaf and given else given, await whose(desk), EXAMPLE)
    leaf = leaf or _leaf(now, is_month=False)
    if leaf.first > now:
        raise BadCommand(f"{leaf.name} has not come yet; for example: {EXAMPLE}")
    found = await report.profit(desk, "all", strategy)
    if not found.days:
        nothing = "No trading yet, so no day to show. /signals shows what waits."
        await notices.answer(desk, request, f"{nothing}\n{await as_of(desk)}")
        return
    days = [one for one in found.days if one.day.isoformat().startswith(leaf.word)]
    name = strategy or "All strategies"
    spec = {
        "days": [[one.day.isoformat(), str(one.net)] for one in days],
        "title": f"Net P&L by day, {leaf.name}",
        "subtitle": name,
        "currency": found.currency,
        **({"month": leaf.word} if leaf.is_month else {"year": leaf.first.year}),
    }
    total = sum((one.net for one in days), Decimal(0))
    said = message(
        bold(f"Calendar {leaf.name}"),
        f" · {name}\n{wording.profit(total, found.currency)} net\n",
        _summary(days, found.currency),
        await as_of(desk),
        buttons=_buttons(leaf, found.days[0].day, now, strategy),
    )
    picture = await wanted(desk, "calendar", spec)
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


def _read(word: str, now: date) -> _Leaf | None:
    """None for what is neither "year", "month", a year nor a month."""
    low = word.lower()
    if low in ("year", "month"):
        return _leaf(now, is_month=low == "month")
    try:
        first, last = days_of(low, now)
    except (ValueError, OverflowError):
        return None
    return None if first == last else _Leaf(first, is_month=first.month == last.month)


def _summary(days: Sequence[Day], currency: str) -> str:
    if not days:
        return "No session of it has been traded\n"
    best, worst = max(days, key=lambda one: one.net), min(days, key=lambda one: one.net)
    won, lost = sum(one.net > 0 for one in days), sum(one.net < 0 for one in days)
    lines = [f"{wording.number_of(len(days), 'day')}: {won} up, {lost} down"]
    if len(days) > 1:
        lines += [
            f"{word} {wording.short_day(one.day)} {wording.profit(one.net, currency)}"
            for word, one in (("Best", best), ("Worst", worst))
        ]
    return "\n".join(lines) + "\n"


def _buttons(leaf: _Leaf, since: date, now: date, strategy: str | None) -> list[list[Button]]:
    def button(label: str, to: _Leaf) -> Button:
        args = (to.word, strategy) if strategy else (to.word,)
        return Button(label, "calendar", args, once=False)

    row = []
    if leaf.first > since:
        row.append(button(f"‹ {leaf.before.name}", leaf.before))
    if leaf.after.first <= now:
        row.append(button(f"{leaf.after.name} ›", leaf.after))
    if leaf.is_month:
        other = _leaf(leaf.first, is_month=False)
    else:
        other = _leaf(now if leaf.first.year == now.year else leaf.first, is_month=True)
    return [one for one in (row, [button(other.name, other)]) if one]
