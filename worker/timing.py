"""When a job is due, from one line of text: a cron expression, or relative to a session.

The grammar is written out in docs/schedule.md.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from desk.timetable import Limit, When
from trading.errors import ConfigError, DataError
from trading.ports import Calendar, Session

EXPECTED = (
    'expected a cron expression and a zone ("0 6 * * 1-5 Europe/Berlin") or a time relative to '
    'a session ("XNYS close+15m", "open-10m", "last session of the month, close+1h")'
)
SPAN = 'expected a duration such as "90s", "15m", "2h" or "3d"'
UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FURTHEST = timedelta(days=7)  # from its session's open or close
LONG = timedelta(days=400)  # a session of a year's first is at most this far ahead

_SESSION = re.compile(
    r"(?:(?P<which>first|last) session of the (?P<span>week|month), )?"
    r"(?:(?P<exchange>\S+) )?(?P<edge>open|close|middle)(?P<offset>[+-]\w+)?",
    re.IGNORECASE,
)


class NotUnderstood(ValueError):
    """What is wrong with a text, and what was expected; who reads it names the job."""


def duration(text: str) -> timedelta:
    """ "15m", "2h", "3d"; more than nothing. Raises NotUnderstood."""
    found = re.fullmatch(r"(\d{1,5})([smhdw])", text.strip().lower())
    if found is None or not int(found[1]):
        raise NotUnderstood(SPAN)
    return timedelta(**{UNIT[found[2]]: int(found[1])})


def span(length: timedelta) -> str:
    """The same, back into text: `2h`, `90s`."""
    seconds = int(length.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


@dataclass(frozen=True, slots=True)
class Cron:
    """Debian cron's rules in the zone's own time: what a clock change skips runs once, right
    after it; what the change makes come twice runs once, the first time. A job that runs every
    hour or oftener follows elapsed time."""

    expression: str
    zone: ZoneInfo
    text: str

    def _after(self, at: datetime) -> Iterator[datetime]:
        for due in CronSim(self.expression, at.astimezone(self.zone)):
            found = due.astimezone(UTC)
            if found > at:  # begun inside a doubled hour, cronsim starts with its first passing
                yield found

    def dues(self, since: datetime, until: datetime, *, most: int) -> Sequence[datetime]:
        found: deque[datetime] = deque(maxlen=most)
        for due in self._after(since):
            if due > until:
                break
            found.append(due)
        return list(found)

    def next(self, after: datetime) -> datetime | None:
        return next(self._after(after), None)


@dataclass(frozen=True, slots=True)
class OfSession:
    """At a session's open, close or half-way, plus `offset`; of every session, or of the first or
    last one of each week or month."""

    calendar: Calendar
    edge: str  # open, close, middle
    offset: timedelta
    text: str
    which: str = ""  # first, last; "" is every session
    of: str = ""  # week, month

    def due(self, session: Session) -> datetime:
        at = {
            "open": session.open,
            "close": session.close,
            "middle": session.open + (session.close - session.open) / 2,
        }[self.edge]
        return at + self.offset

    def dues(self, since: datetime, until: datetime, *, most: int) -> Sequence[datetime]:
        self._require(until)
        found: deque[datetime] = deque(maxlen=most)
        for session in self._sessions(since, until):
            if since < (due := self.due(session)) <= until and self._counts(session):
                found.append(due)
        return list(found)

    def next(self, after: datetime) -> datetime | None:
        self._require(after)
        for days in (5, 40, LONG.days):
            for session in self._sessions(after, after + timedelta(days=days)):
                if (due := self.due(session)) > after and self._counts(session):
                    return due
        return None

    def _sessions(self, since: datetime, until: datetime) -> Sequence[Session]:
        """Whatever may be due between, as far as the calendar is known."""
        day, end = timedelta(days=1), self.calendar.known_through
        first, last = (since - self.offset - day).date(), (until - self.offset + day).date()
        return self.calendar.sessions(min(first, end), min(last, end))

    def _require(self, at: datetime) -> None:
        """Raises DataError, which says what is known, for a time past the calendar's end."""
        if at.date() > self.calendar.known_through:
            self.calendar.session_on(at.date())

    def _counts(self, session: Session) -> bool:
        if not self.which:
            return True
        first, last = _bounds(session.day, self.of)
        if self.which == "first":
            return self.calendar.sessions(first, session.day)[0].day == session.day
        # the end of the span must be known: a guess could make two sessions the last one
        return self.calendar.sessions(session.day, last)[-1].day == session.day


def _bounds(day: date, of: str) -> tuple[date, date]:
    """The first and last day of the ISO week or month of `day`."""
    if of == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Within:
    """For this long after it was due."""

    length: timedelta

    @property
    def text(self) -> str:
        return span(self.length)

    def ends(self, due: datetime) -> datetime:
        return due + self.length


@dataclass(frozen=True, slots=True)
class UntilOpen:
    """Until the next session opens: what was decided on the last one's close is old by then."""

    calendar: Calendar
    text: str = "next open"

    def ends(self, due: datetime) -> datetime:
        return self.calendar.next_session(due).open - timedelta(microseconds=1)


def when(text: str, house: Calendar, exchange: Callable[[str], Calendar]) -> When:
    """`house` is the calendar of a time that names no exchange, `exchange` opens another by its
    name (DataError). Raises NotUnderstood."""
    text = " ".join(text.split())
    found = _SESSION.fullmatch(text)
    if found is not None:
        return _of_session(text, found, house, exchange)
    words = text.split(" ")
    if len(words) not in (5, 6):
        raise NotUnderstood(EXPECTED)
    named = words[5] if len(words) == 6 else house.zone
    try:
        zone = ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotUnderstood(f"{named!r} is no time zone; {EXPECTED}") from None
    cron = Cron(" ".join(words[:5]), zone, text)
    try:
        first = cron.next(datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        said = str(error)
        raise NotUnderstood(f"{said[:1].lower()}{said[1:]}; {EXPECTED}") from None
    if first is None:
        raise NotUnderstood(f"no day is ever like that; {EXPECTED}")
    return cron


def _of_session(
    text: str, found: re.Match[str], house: Calendar, exchange: Callable[[str], Calendar]
) -> OfSession:
    calendar = house
    if found["exchange"] and found["exchange"].upper() != house.name.upper():
        try:
            calendar = exchange(found["exchange"])
        except DataError as error:
            raise NotUnderstood(f"{error}; {EXPECTED}") from error
    offset = timedelta()
    if found["offset"]:
        offset = duration(found["offset"][1:]) * (-1 if found["offset"][0] == "-" else 1)
    if abs(offset) > FURTHEST:
        raise NotUnderstood(f"more than {span(FURTHEST)} from its session; {EXPECTED}")
    return OfSession(
        calendar,
        found["edge"].lower(),
        offset,
        text,
        (found["which"] or "").lower(),
        (found["span"] or "").lower(),
    )


def within(text: str, house: Calendar) -> Limit:
    """A duration, or "next open". Raises NotUnderstood."""
    if " ".join(text.lower().split()) == "next open":
        return UntilOpen(house)
    try:
        return Within(duration(text))
    except NotUnderstood:
        raise NotUnderstood(f'{SPAN}, or "next open"') from None


def refuse(job: str, key: str, text: str, error: NotUnderstood) -> ConfigError:
    """The one line that names the job, the text and what is expected."""
    return ConfigError(f"job {job!r}: {key} = {text[:60]!r}: {error}")
