"""Walk-forward windows: choose on the past, measure on what follows, move on."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from trading.errors import BadCommand

_SPAN = re.compile(r"(\d{1,4})\s*([dwmy])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of the calendar: `months`, or `days` where there are none."""

    months: int = 0
    days: int = 0

    @classmethod
    def read(cls, text: str) -> "Span":
        """`2y`, `6m`, `8w`, `90d`; BadCommand for anything else."""
        found = _SPAN.fullmatch(text.strip())
        count = int(found[1]) if found else 0
        if found is None or not count:
            raise BadCommand(f"{text[:20]!r} is no length of time; write it like 2y, 6m, 8w or 90d")
        match found[2].lower():
            case "y":
                return cls(months=12 * count)
            case "m":
                return cls(months=count)
            case "w":
                return cls(days=7 * count)
            case _:
                return cls(days=count)

    def before(self, day: date, times: int = 1) -> date:
        """`day` less this length; the last of a month stays in its month. BadCommand before
        the year 1."""
        try:
            if not self.months:
                return day - timedelta(days=self.days * times)
            year, month = divmod(day.year * 12 + day.month - 1 - self.months * times, 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        except (ValueError, OverflowError):
            raise BadCommand(
                "the windows begin before there were calendars; shorten them"
            ) from None


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `first` up to and without `end`."""

    first: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.end

    def __str__(self) -> str:
        return f"{self.first} to {self.end - timedelta(days=1)}"


@dataclass(frozen=True, slots=True)
class Fold:
    """Parameters are chosen in `train`; `test` begins the day after and was not looked at."""

    number: int  # 1, 2, ...
    train: Window
    test: Window


def walk_forward(
    first: date, last: date, *, folds: int, train: Span, test: Span, anchored: bool = False
) -> Sequence[Fold]:
    """`folds` test windows, one after another, the last one ending on `last`; before each its
    training window, which goes back `train`, or to `first` where `anchored`.

    `first` is the first day with known rules: an earlier start of training is cut there, and
    BadCommand says so where less than a test's length would be left.
    """
    if folds < 1:
        raise BadCommand(f"{folds} folds test nothing; say --folds 1 or more")
    stop = last + timedelta(days=1)
    made = []
    for number in range(1, folds + 1):
        begins = test.before(stop, folds - number + 1)
        ends = test.before(stop, folds - number)
        opens = first if anchored else max(first, train.before(begins))
        if test.before(begins) < opens:
            raise BadCommand(
                f"the bars whose rules are known, {first} to {last}, are too short: fold {number} "
                f"would test from {begins} with less than one test's length to choose on before "
                f"it; take fewer folds, or a shorter --test"
            )
        made.append(Fold(number, Window(opens, begins), Window(begins, ends)))
    return made
