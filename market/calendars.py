"""Exchange sessions, computed once per range of years and kept in a small file."""

import hashlib
import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from trading.errors import DataError
from trading.ports import Session

#: Exchanges publish their holidays two or three years ahead; rules beyond that are a guess.
FIRST_YEAR, LAST_YEAR = 2000, 2028
_LIBRARY = "pandas_market_calendars"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class _Table:
    """Sessions as the cache file holds them: ordinal days, and seconds since 1970 (UTC)."""

    zone: str
    days: list[int]
    opens: list[int]
    closes: list[int]


class ExchangeCalendar:
    """An exchange's sessions, half days included; implements `trading.ports.Calendar`.

    Lookups are bisections, about a microsecond. Outside the years asked for every method raises
    DataError. Lunch breaks are not known: a session is one span.
    """

    def __init__(self, name: str, zone: str, sessions: Sequence[Session], through: date) -> None:
        """`sessions` are all there are up to and including `through`, oldest first."""
        if not sessions:
            raise DataError(f"{name} has no sessions up to {through}")
        self.name = name
        self.zone = zone
        self._sessions = list(sessions)
        self._days = [s.day for s in sessions]
        self._opens = [s.open for s in sessions]
        self._closes = [s.close for s in sessions]
        self._through = through

    @classmethod
    def open(
        cls,
        name: str,
        cache: Path | None = None,
        first_year: int = FIRST_YEAR,
        last_year: int = LAST_YEAR,
    ) -> Self:
        """The sessions of those years, whole. `name` is an ISO market code such as "XNYS".

        With a `cache` folder they are computed once and then read from `<cache>/<name>.json`;
        a file that is damaged, covers other years or was made by another version of
        pandas_market_calendars is made again. DataError for an unknown exchange.
        """
        head = {
            "format": _FORMAT,
            "calendar": name,
            "source": f"{_LIBRARY} {version(_LIBRARY)}",
            "years": [first_year, last_year],
        }
        file = None if cache is None else cache / f"{name}.json"
        table = None if file is None else _cached(file, head)
        if table is None:
            table = _computed(name, first_year, last_year)
            if file is not None:
                _keep(file, head, table)
        sessions = [
            Session(
                date.fromordinal(day),
                datetime.fromtimestamp(opens, UTC),
                datetime.fromtimestamp(closes, UTC),
            )
            for day, opens, closes in zip(table.days, table.opens, table.closes, strict=True)
        ]
        return cls(name, table.zone, sessions, date(last_year, 12, 31))

    @property
    def known_through(self) -> date:
        return self._through

    def sessions(self, first: date, last: date) -> Sequence[Session]:
        """Those with first <= day <= last."""
        self._within(first)
        self._within(last)
        return self._sessions[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def session_on(self, day: date) -> Session | None:
        self._within(day)
        place = bisect_left(self._days, day)
        if place < len(self._days) and self._days[place] == day:
            return self._sessions[place]
        return None

    def session_at(self, at: datetime) -> Session | None:
        self._within(at.astimezone(UTC).date())
        place = bisect_right(self._opens, at) - 1
        if place >= 0 and at < self._closes[place]:
            return self._sessions[place]
        return None

    def next_session(self, at: datetime) -> Session:
        self._within(at.astimezone(UTC).date())
        place = bisect_right(self._opens, at)
        if place == len(self._sessions):
            raise self._unknown()
        return self._sessions[place]

    def last_closed(self, at: datetime) -> Session:
        self._within(at.astimezone(UTC).date())
        place = bisect_right(self._closes, at) - 1
        if place < 0:
            raise self._unknown()
        return self._sessions[place]

    def _within(self, day: date) -> None:
        if not self._days[0] <= day <= self._through:
            raise self._unknown()

    def _unknown(self) -> DataError:
        return DataError(
            f"{self.name} sessions are known from {self._days[0]} to {self._through} only; "
            f"update {_LIBRARY} and widen the calendar's years"
        )


def _computed(name: str, first_year: int, last_year: int) -> _Table:
    # Imported here: it brings pandas, and with a cache it is wanted once a year.
    library: Any = import_module(_LIBRARY)
    try:
        exchange = library.get_calendar(name)
    except RuntimeError as error:
        raise DataError(f"{_LIBRARY} knows no exchange {name!r}") from error
    schedule = exchange.schedule(f"{first_year}-01-01", f"{last_year}-12-31")
    days = [day.toordinal() for day in schedule.index]
    opens, closes = (
        [int(at.timestamp()) for at in schedule[c]] for c in ("market_open", "market_close")
    )
    return _Table(str(exchange.tz), days, opens, closes)


def _keep(file: Path, head: dict[str, Any], table: _Table) -> None:
    body = {
        **head,
        "zone": table.zone,
        "days": table.days,
        "opens": table.opens,
        "closes": table.closes,
    }
    fresh = file.with_name(f".{file.name}.{os.getpid()}")  # several processes may start at once
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({**body, "digest": _digest(body)}))
        fresh.replace(file)
    except OSError:  # a full disk must not keep a square-off from knowing the sessions
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _cached(file: Path, head: dict[str, Any]) -> _Table | None:
    """What the file holds, or None if it is absent, damaged or made for something else."""
    try:
        body = json.loads(file.read_text())
        digest = body.pop("digest")
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None
    if digest != _digest(body) or any(body.get(key) != value for key, value in head.items()):
        return None
    return _Table(body["zone"], body["days"], body["opens"], body["closes"])


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class RoundTheClock:
    """A market that never closes, such as crypto: a session is a UTC day."""

    NAME = "24/7"
    zone = "UTC"

    def __init__(self, name: str = NAME) -> None:
        self.name = name

    @property
    def known_through(self) -> date:
        return date.max - timedelta(days=2)

    def sessions(self, first: date, last: date) -> Sequence[Session]:
        return [self._on(first + timedelta(n)) for n in range((last - first).days + 1)]

    def session_on(self, day: date) -> Session | None:
        return self._on(day)

    def session_at(self, at: datetime) -> Session | None:
        return self._on(at.astimezone(UTC).date())

    def next_session(self, at: datetime) -> Session:
        return self._on(at.astimezone(UTC).date() + timedelta(1))

    def last_closed(self, at: datetime) -> Session:
        return self._on(at.astimezone(UTC).date() - timedelta(1))

    def _on(self, day: date) -> Session:
        if day > self.known_through:
            raise DataError(f"{self.name} sessions end with {self.known_through}")
        opens = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return Session(day, opens, opens + timedelta(1))
