"""Days and times as people write them. What could be two days asks for the option."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from trading.errors import DataError

EARLIEST, LATEST = datetime(1900, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,6})?|\d{12,13}|\d{15,16}|\d{18,19}")
_SPLIT = re.compile(
    r"(?P<day>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}|\d{1,2}[- /]?[A-Za-z]{3,9}[- /,]*(?:\d{4}|\d{2})"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4})"
    r"(?:[T ;,]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?|\d{6}|\d{4})"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|EST|EDT|IST|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s*[AaPp]\.?[Mm]\.?)?|\d{6}")
_TWO = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)")
_FIXED = {"Z": 0, "UTC": 0, "GMT": 0, "EST": -300, "EDT": -240, "IST": 330}


def day_first(texts: Iterable[str], said: str) -> bool | None:
    """Whether 03/04/2025 is the third of April; None where nothing is written so. Raises DataError
    where the file does not show it."""
    if said:
        return said != "mdy"
    unclear = ""
    found: set[bool] = set()
    for text in texts:
        match = _TWO.match(text.strip())
        if match is None:
            continue
        first, second = int(match[1]), int(match[2])
        if "." in match[0] or first > 12:
            found.add(True)
        elif second > 12:
            found.add(False)
        elif first != second:
            unclear = unclear or text
    if len(found) > 1:
        raise DataError("some dates have the day first and some the month: say --date-format")
    if not found and unclear:
        raise DataError(
            f"{unclear.strip()!r} may be two days: say --date-format dmy (day first) or mdy"
        )
    return found.pop() if found else True


class Moments:
    """Reads times of one file. `at` gives UTC."""

    def __init__(self, zone: ZoneInfo, said: str = "", first: bool | None = True) -> None:
        self._zone, self._said, self._first = zone, said, first is not False
        self.needed_zone = False
        self.at = lru_cache(65_536)(self._at)

    def _at(self, text: str, clock: str = "") -> datetime:
        """Raises DataError for what is no time between 1900 and 2100; a day is its midnight in
        the file's zone, unless `clock` has its hour."""
        found = self._read(text.strip(), clock.strip())
        if found.tzinfo is None:
            self.needed_zone = True
            found = found.replace(tzinfo=self._zone)
        if not EARLIEST <= found < LATEST:
            raise DataError(f"{text[:30]!r} lies outside 1900 to 2100")
        return found.astimezone(UTC)

    def _read(self, text: str, clock: str) -> datetime:
        if clock and _CLOCK.fullmatch(clock):
            text = f"{text} {clock}"
        try:
            if "%" in self._said:
                return _formatted(text, self._said)
            if text[4:5] == text[7:8] == "-":
                with suppress(ValueError):  # what most programs write
                    return datetime.fromisoformat(text)
            if _EPOCH.fullmatch(text):
                return _epoch(text)
            match = _SPLIT.fullmatch(text)
            if match is None:
                raise ValueError
            day = _day(match["day"], self._first)
            found = day + _clock(match["clock"], match["half"])
            return found if match["zone"] is None else _zoned(found, match["zone"])
        except (ValueError, OverflowError):
            raise DataError(f"{text[:30]!r} is no time") from None


def _formatted(text: str, said: str) -> datetime:
    try:
        return datetime.strptime(text, said)
    except ValueError:
        date_only = said.split("%H", maxsplit=1)[0].strip(" T;,")
        return datetime.strptime(text, date_only)


def _epoch(text: str) -> datetime:
    whole, _, rest = text.partition(".")
    size = 10 if len(whole) <= 10 else 13 if len(whole) <= 13 else 16 if len(whole) <= 16 else 19
    micros = int(whole) * 10 ** (16 - size) if size <= 16 else int(whole) // 1_000
    return EPOCH + timedelta(microseconds=micros + int(rest.ljust(6, "0") or 0))


def _day(text: str, first: bool) -> datetime:
    if text.isdigit():
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:]))
    parts = re.split(r"[-/. ,]+|(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)", text)
    if any(part.isalpha() for part in parts):
        month = next(part for part in parts if part.isalpha())
        day, year = [int(part) for part in parts if part.isdigit()]
        return datetime(_century(year), _MONTHS.index(month[:3].lower()) + 1, day)
    one, two, three = map(int, parts)
    if len(parts[0]) == 4:
        return datetime(one, two, three)
    day, month_number = (one, two) if first else (two, one)
    return datetime(_century(three), month_number, day)


def _century(year: int) -> int:
    return year + 2000 if year < 100 else year


def _clock(text: str | None, half: str | None) -> timedelta:
    if text is None:
        return timedelta(0)
    if text.isdigit():
        text = f"{text[:2]}:{text[2:4]}:{text[4:] or '00'}"
    hours, minutes, seconds = (*text.replace(",", ".").split(":"), "0")[:3]
    hour = int(hours)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    whole, _, rest = seconds.partition(".")
    if hour > 23 or int(minutes) > 59 or int(whole) > 59:
        raise ValueError
    micros = int((rest or "0")[:6].ljust(6, "0"))
    return timedelta(hours=hour, minutes=int(minutes), seconds=int(whole), microseconds=micros)


def _zoned(found: datetime, zone: str) -> datetime:
    minutes = _FIXED.get(zone)
    if minutes is None:
        digits = zone[1:].replace(":", "").ljust(4, "0")
        minutes = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    return (found - timedelta(minutes=minutes)).replace(tzinfo=UTC)
