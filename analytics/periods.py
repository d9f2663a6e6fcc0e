"""Days in buckets of the calendar, and the last of them against those before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from analytics.days import ZERO, Day


class Span(StrEnum):
    DAY = "day"
    WEEK = "week"  # Monday to Sunday
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One day, week, month, quarter or year, in base currency; costs positive. A bucket in which
    no day fell is there with nothing in it, so that bars stand at their place."""

    span: Span
    first: date  # of the calendar, whether or not it traded
    net: Decimal
    fees: Decimal
    taxes: Decimal
    days: int  # that fell in it

    @property
    def gross(self) -> Decimal:
        return self.net + self.fees + self.taxes

    @property
    def last(self) -> date:
        return _next(self.first, self.span) - timedelta(days=1)

    @property
    def label(self) -> str:
        """ "2025-03-07", "2025-W10", "2025-03", "2025-Q1", "2025"."""
        match self.span:
            case Span.DAY:
                return self.first.isoformat()
            case Span.WEEK:
                return f"{self.first:%G-W%V}"
            case Span.MONTH:
                return f"{self.first:%Y-%m}"
            case Span.QUARTER:
                return f"{self.first.year}-Q{(self.first.month + 2) // 3}"
            case Span.YEAR:
                return str(self.first.year)


def buckets(days: Iterable[Day], span: Span) -> list[Bucket]:
    """Oldest first, without gaps between the first and the last (single days: as they are)."""
    found: list[Bucket] = []
    ascending = sorted(days, key=lambda day: day.day)
    for first, group in groupby(ascending, key=lambda day: start(day.day, span)):
        while found and span is not Span.DAY and (due := _next(found[-1].first, span)) < first:
            found.append(Bucket(span, due, ZERO, ZERO, ZERO, 0))
        inside = list(group)
        found.append(
            Bucket(
                span,
                first,
                sum((day.net for day in inside), ZERO),
                sum((day.fees for day in inside), ZERO),
                sum((day.taxes for day in inside), ZERO),
                len(inside),
            )
        )
    return found


def start(day: date, span: Span) -> date:
    """The first day of the bucket that `day` falls in."""
    match span:
        case Span.DAY:
            return day
        case Span.WEEK:
            return day - timedelta(days=day.weekday())
        case Span.MONTH:
            return day.replace(day=1)
        case Span.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Span.YEAR:
            return day.replace(month=1, day=1)


@dataclass(frozen=True, slots=True)
class Against:
    """Net of some days, and of as many before them; None where no figures are that old."""

    net: Decimal
    before: Decimal | None

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None else self.net - self.before


def last(days: Sequence[Day], n: int, today: date | None = None) -> Against:
    """The last `n` calendar days up to `today` (or the last day there is), against the `n` before.
    Days ascend."""
    if not days:
        return Against(ZERO, None)
    end = today or days[-1].day
    begin = end - timedelta(days=n - 1)
    earlier = begin - timedelta(days=n)
    net = sum((day.net for day in days if begin <= day.day <= end), ZERO)
    known = days[0].day < begin
    before = sum((day.net for day in days if earlier <= day.day < begin), ZERO)
    return Against(net, before if known else None)


def last_day(days: Sequence[Day]) -> Against:
    """The last day against the one before it on which there were figures."""
    if not days:
        return Against(ZERO, None)
    return Against(days[-1].net, days[-2].net if len(days) > 1 else None)


def _next(first: date, span: Span) -> date:
    match span:
        case Span.DAY:
            return first + timedelta(days=1)
        case Span.WEEK:
            return first + timedelta(days=7)
        case Span.MONTH | Span.QUARTER | Span.YEAR:
            months = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}[span]
            year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
            return date(year, month + 1, 1)
