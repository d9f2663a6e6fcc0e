"""Exchanges by name, and the calendar of each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from market.calendars import ExchangeCalendar, RoundTheClock
from trading.errors import DataError
from trading.ports import Calendar, Session

HOME = "XNYS"  # what daily bars without a name for their exchange are taken for
CRYPTO, FX = "24/7", "24/5"
#: What people call them; every ISO market code that pandas_market_calendars knows works too.
ALIASES = {
    "NYSE": "XNYS",
    "NASDAQ": "XNYS",
    "XNAS": "XNYS",
    "NYSE/NASDAQ": "XNYS",
    "AMEX": "XNYS",
    "US": "XNYS",
    "NSE": "XNSE",
    "BSE": "XBOM",
    "LSE": "XLON",
    "XETRA": "XETR",
    "CRYPTO": CRYPTO,
    "24X7": CRYPTO,
    "FX": FX,
    "FOREX": FX,
    "24X5": FX,
}
#: What its instruments are counted in where nobody says.
CURRENCIES = {
    "XNYS": "USD",
    "XNSE": "INR",
    "XBOM": "INR",
    "XLON": "GBP",
    "XETR": "EUR",
    "XFRA": "EUR",
    "XPAR": "EUR",
    "XAMS": "EUR",
    "XTSE": "CAD",
    "XTKS": "JPY",
    "XHKG": "HKD",
    "XASX": "AUD",
    "XSWX": "CHF",
}


class RoundTheWeek:
    """Foreign exchange: from Sunday 17:00 in New York to Friday 17:00, each session named by the
    day on which it ends. Holidays are thin, not closed."""

    zone = "America/New_York"

    def __init__(self, name: str = FX) -> None:
        self.name = name

    @property
    def known_through(self) -> date:
        return date.max - timedelta(days=7)

    def sessions(self, first: date, last: date) -> Sequence[Session]:
        days = (first + timedelta(n) for n in range((last - first).days + 1))
        return [session for day in days if (session := self.session_on(day)) is not None]

    def session_on(self, day: date) -> Session | None:
        if day > self.known_through:
            raise DataError(f"{self.name} sessions end with {self.known_through}")
        return None if day.weekday() > 4 else Session(day, _five(day - timedelta(1)), _five(day))

    def session_at(self, at: datetime) -> Session | None:
        return self.session_on(_trading_day(at))

    def next_session(self, at: datetime) -> Session:
        return self._step(_trading_day(at) + timedelta(1), 1)

    def last_closed(self, at: datetime) -> Session:
        return self._step(_trading_day(at) - timedelta(1), -1)

    def _step(self, day: date, by: int) -> Session:
        while (session := self.session_on(day)) is None:
            day += timedelta(by)
        return session


def _five(day: date) -> datetime:
    return datetime.combine(day, time(17), ZoneInfo(RoundTheWeek.zone)).astimezone(UTC)


def _trading_day(at: datetime) -> date:
    """The day at whose 17:00 in New York the session of `at` ends."""
    return (at.astimezone(ZoneInfo(RoundTheWeek.zone)) + timedelta(hours=7)).date()


def named(exchange: str) -> str:
    """Its one name: NASDAQ and NYSE keep the sessions of XNYS."""
    plain = exchange.strip()
    code = plain.upper() if plain.isalnum() else plain  # "xnse", but "CME Globex Equity"
    return ALIASES.get(plain.upper(), code)


def calendar_of(exchange: str, cache_folder: Path | None = None) -> Calendar:
    """DataError for an exchange nobody knows."""
    if exchange == CRYPTO:
        return RoundTheClock()
    if exchange == FX:
        return RoundTheWeek()
    return _opened(exchange, cache_folder)


@cache
def _opened(exchange: str, cache_folder: Path | None) -> Calendar:
    try:
        return ExchangeCalendar.open(exchange, cache_folder)
    except DataError as error:
        raise DataError(
            f"no exchange {exchange!r} is known; say an ISO market code such as XNYS, XNSE or "
            "XLON, or 24/7 for crypto, 24/5 for foreign exchange"
        ) from error
