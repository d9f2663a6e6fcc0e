"""Periods as an operator writes them: today, month, 90d, jan, 2026-01, 2026-01-01..2026-03-31."""

import re
from calendar import month_name, monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from trading.errors import BadCommand

EXAMPLES = "today, week, month, quarter, ytd, all, jan, 2026-01, 90d or 2026-01-01..2026-03-31"
_PART = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_BACK = re.compile(r"([1-9]\d{0,3})([ymwd])", re.ASCII)
_MONTHS = [name.lower() for name in month_name[1:]]
_UNITS = {"y": "year", "m": "month", "w": "week", "d": "day"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of the exchange's calendar, both ends included; `word` asks for the same again."""

    first: date  # date.min where it goes back to the start
    last: date
    name: str  # "this month", "1 Jan 2026 to 31 Mar 2026"
    word: str

    @property
    def title(self) -> str:
        """Its name outside today's conversation: "February 2026" of "this month"."""
        if self.first.replace(day=1) == self.last.replace(day=1) and self.first.day == 1:
            return f"{self.first:%B %Y}"
        return f"until {_day(self.last)}" if self.first == date.min else _days(self)

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


#: What a button asks for, and what it says.
BUTTONS = {
    "today": "1D",
    "week": "1W",
    "month": "1M",
    "quarter": "1Q",
    "ytd": "YTD",
    "all": "All",
}


def stretch(text: str, today: date) -> Stretch:
    """What a period means today. Raises BadCommand, with examples, for what is none."""
    word = text.strip().lower()
    try:
        found = _named(word, today) or _written(word, today)
    except (ValueError, OverflowError):
        raise BadCommand(f"{text[:25]!r} is no period; write one like {EXAMPLES}") from None
    if found.first > found.last:
        raise BadCommand(f"{text[:25]!r} ends before it begins; for example: /pnl jan..mar")
    if found.first > today:
        raise BadCommand(f"{text[:25]!r} has not come yet; for example: /pnl month")
    return found


def is_one(text: str, today: date) -> bool:
    """Whether a word is meant as a period, be it a wrong one."""
    word = text.strip().lower()
    if ".." in word or (word[:4].isdigit() and word[4:5] in ("", "-")):
        return True
    try:
        return (_named(word, today) or _written(word, today)) is not None
    except (ValueError, OverflowError):
        return False


def _named(word: str, today: date) -> Stretch | None:
    month = today.replace(day=1)
    match word:
        case "today" | "day":
            return Stretch(today, today, "today", "today")
        case "week":
            return Stretch(today - timedelta(days=today.weekday()), today, "this week", word)
        case "month":
            return Stretch(month, today, "this month", word)
        case "quarter":
            first = month.replace(month=(today.month - 1) // 3 * 3 + 1)
            return Stretch(first, today, "this quarter", word)
        case "ytd" | "year":
            return Stretch(today.replace(month=1, day=1), today, "this year", "ytd")
        case "all":
            return Stretch(date.min, today, "since the start", word)
    if back := _BACK.fullmatch(word):
        count, unit = int(back[1]), _UNITS[back[2]]
        name = f"last {count} {unit}s" if count > 1 else f"one {unit} to today"
        return Stretch(before(today, count, back[2]), today, name, word)
    return None


def _written(word: str, today: date) -> Stretch:
    start, dots, end = word.partition("..")
    first, last = days_of(start, today) if start else (date.min, today)
    if dots:
        last = days_of(end, today)[1] if end else today
    last = min(last, today) if first <= today else last
    return Stretch(first, last, _name(first, last, start, dots), word)


def _name(first: date, last: date, start: str, dots: str) -> str:
    if first == date.min:
        return f"until {_day(last)}"
    if first == last:
        return _day(first)
    if not dots:
        return f"{first:%Y}" if start.isdigit() else f"{first:%B %Y}"
    return f"{_day(first)} to {_day(last)}"


def _days(span: Stretch) -> str:
    return (
        _day(span.first) if span.first == span.last else f"{_day(span.first)} to {_day(span.last)}"
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def before(day: date, count: int, unit: str) -> date:
    """The first of the last `count` years (y), months (m), weeks (w) or days (d) that end on
    `day`. ValueError or OverflowError where that is before all calendars."""
    if unit in "wd":
        return day - timedelta(days=count * (7 if unit == "w" else 1)) + timedelta(days=1)
    months = day.year * 12 + day.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    same = min(day.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, same) + timedelta(days=1)


def days_of(text: str, today: date) -> tuple[date, date]:
    """First and last day of a year, a month, a day, or the latest such month ("jan") that has
    begun. ValueError for anything else."""
    named = [n for n, name in enumerate(_MONTHS, 1) if len(text) >= 3 and name.startswith(text)]
    if named:
        return _month(today.year - (named[0] > today.month), named[0])
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, number, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    if day:
        exact = date(year, number or 1, day)
        return exact, exact
    if number:
        return _month(year, number)
    return date(year, 1, 1), date(year, 12, 31)


def _month(year: int, month: int) -> tuple[date, date]:
    first = date(year, month, 1)
    return first, first.replace(day=monthrange(year, month)[1])
