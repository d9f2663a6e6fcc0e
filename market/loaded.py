"""A feed over bars that are all in memory: a replay's prices."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from market.panel import Panel
from trading.bars import Floats
from trading.errors import DataError
from trading.ports import Calendar, Session
from trading.types import Quote

LAST = timedelta(minutes=1)


@dataclass(slots=True)
class _Phase:
    """A stretch of time in which no price changes, and the quotes asked for in it."""

    session: Session | None  # the one open, or None between two
    closing: bool  # its last minute
    known: int  # the row of the newest day that is closed; -1 before the first
    quotes: dict[str, Quote | None] = field(default_factory=dict)


class LoadedFeed:
    """`HistoryFeed`'s quotes, to the digit, from a daily panel: a microsecond each where the clock
    stands, since a quote is made once in each session, each last minute and each night. Any
    number of replays, one after another, may share one.
    """

    def __init__(self, panel: Panel, calendar: Calendar, places: int = 4) -> None:
        """`places`: decimals that prices are rounded to. DataError for a bar on no session."""
        self._calendar = calendar
        self._format = f".{places}f"
        times, row = np.unique(panel.ts, return_inverse=True)
        self._days: list[date] = [time.astype("datetime64[D]").item() for time in times]
        self._sessions = [_session(calendar, day) for day in self._days]
        self._rows = {day: i for i, day in enumerate(self._days)}
        self._columns = {symbol: i for i, symbol in enumerate(panel)}
        column = np.repeat(np.arange(len(panel)), np.diff(panel.offsets))
        self._opens = np.full((len(self._days), len(panel)), np.nan)
        self._closes = np.full((len(self._days), len(panel)), np.nan)
        self._opens[row, column] = panel.open
        self._closes[row, column] = panel.close
        self._panel, self._cells = panel, (row, column)
        self._spans: tuple[Floats, Floats] | None = None  # lows and highs, once asked for
        self._visited: Mapping[str, Decimal] = {}
        self._latest = _latest(self._closes)
        self._at: datetime | None = None
        self._phase = _Phase(None, closing=False, known=-1)

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        return self.look(symbol, at)

    def look(self, symbol: str, at: datetime) -> Quote | None:
        """`quote` for those who do not await."""
        if self._visited and symbol in self._visited:
            return Quote(symbol, self._visited[symbol], at)
        if at != self._at:
            self._turn_to(at)
        quotes = self._phase.quotes
        if symbol not in quotes:
            quotes[symbol] = self._quote(symbol)
        return quotes[symbol]

    def known_through(self) -> datetime:
        """DataError while there is no bar."""
        if not self._sessions:
            raise DataError("there are no bars to replay")
        return self._sessions[-1].close

    def visit(self, prices: Mapping[str, Decimal]) -> None:
        """What these symbols cost until the next visit, inside their session's bar; of none, every
        price is its own again."""
        self._visited = prices

    def span(self, symbol: str, session: Session) -> tuple[Decimal, Decimal, Decimal] | None:
        """Open, low and high of that session; None without a bar."""
        row, column = self._rows.get(session.day), self._columns.get(symbol)
        if row is None or column is None:
            return None
        if self._spans is None:
            low, high = np.full_like(self._opens, np.nan), np.full_like(self._opens, np.nan)
            low[self._cells] = self._panel.low
            high[self._cells] = self._panel.high
            self._spans = low, high
        prices = [table.item(row, column) for table in (self._opens, *self._spans)]
        if any(math.isnan(price) for price in prices):
            return None
        opened, lowest, highest = (self._decimal(price) for price in prices)
        return opened, lowest, highest

    def opens(self, day: date) -> Floats:
        """The opens of that session, (symbols,), NaN where there is no bar."""
        prices: Floats = self._opens[self._rows[day]]
        return prices

    def closes(self, first: date, last: date) -> Floats:
        """The closes of the sessions from `first` to `last`, (sessions, symbols): a symbol without
        a bar keeps its last close, NaN before its first."""
        rows = slice(self._rows[first], self._rows[last] + 1)
        latest = self._latest[rows]
        prices: Floats = np.take_along_axis(self._closes, np.maximum(latest, 0), axis=0)
        return np.where(latest >= 0, prices, np.nan)

    def _turn_to(self, at: datetime) -> None:
        """The same phase keeps its quotes: prices stand still between open, last minute, close."""
        session = self._calendar.session_at(at)
        closing = session is not None and at >= session.close - LAST
        if session is None:
            known = bisect_right(self._days, self._calendar.last_closed(at).day) - 1
        else:
            known = bisect_left(self._days, session.day) - 1
        phase = self._phase
        if (session, closing, known) != (phase.session, phase.closing, phase.known):
            self._phase = _Phase(session, closing, known)
        self._at = at

    def _quote(self, symbol: str) -> Quote | None:
        column = self._columns.get(symbol)
        if column is None:
            return None
        session, known = self._phase.session, self._phase.known
        if session is not None and (row := self._rows.get(session.day)) is not None:
            price = self._opens.item(row, column)
            since = session.open
            if self._phase.closing and not math.isnan(price):
                price, since = self._closes.item(row, column), session.close - LAST
            if not math.isnan(price):
                return Quote(symbol, self._decimal(price), since)
        row = self._latest.item(known, column) if known >= 0 else -1
        if row < 0:
            return None
        price, since = self._closes.item(row, column), self._sessions[row].close
        return Quote(symbol, self._decimal(price), since, tradable=False)

    def _decimal(self, price: float) -> Decimal:
        return Decimal(format(price, self._format))


def _latest(closes: Floats) -> NDArray[np.int64]:
    """For each day and symbol, the row of the newest close on or before it; -1 before the first."""
    rows = np.arange(len(closes))[:, None]
    return np.maximum.accumulate(np.where(np.isnan(closes), -1, rows), axis=0)


def _session(calendar: Calendar, day: date) -> Session:
    session = calendar.session_on(day)
    if session is None:
        raise DataError(f"a bar is stored for {day}, which is no {calendar.name} session")
    return session
