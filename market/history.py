"""Daily history as a feed: two prices a session, each from the moment it was known."""

import asyncio
import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from market.resample import completed, resampled, week_of
from market.store import BarStore, Stamp
from trading.bars import Bars, Floats
from trading.errors import DataError
from trading.ports import Calendar, Session
from trading.types import Quote

LAST = timedelta(minutes=1)


class HistoryFeed:
    """`trading.ports.Feed` over stored daily bars.

    A session's open is the price from its open until its last minute, then its close until the
    next session's open; nothing between is knowable from a daily bar. The last minute trades at
    the close, so that an order sent there gets what the closing auction would give. A symbol
    without a bar that session keeps its last close and is not tradable. Months are read when
    first asked for, kept, and read again once the store has replaced them.
    """

    def __init__(self, store: BarStore, calendar: Calendar, places: int = 4) -> None:
        """`places`: decimals that prices are rounded to."""
        if store.timeframe != "1d":
            raise DataError(f"daily history is made of 1d bars, not {store.timeframe}")
        self._store = store
        self._calendar = calendar
        self._format = f".{places}f"
        self._months: dict[str, tuple[Stamp | None, _Month]] = {}

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        return self.look(symbol, at)

    def look(self, symbol: str, at: datetime) -> Quote | None:
        """`quote` for those who do not await."""
        session = self._calendar.session_at(at)
        if session is not None:
            month, since = self._month(session.day), session.open
            price = month.open(symbol, session.day)
            if price is not None and at >= session.close - LAST:
                price, since = month.close(symbol, session.day), session.close - LAST
            if price is not None:
                return Quote(symbol, self._decimal(price), since)
        known = self._last(symbol, self._calendar.last_closed(at).day)
        if known is None:
            return None
        day, price = known
        return Quote(symbol, self._decimal(price), self._session(day).close, tradable=False)

    async def bars(
        self, symbols: Collection[str], first: date, at: datetime, timeframe: str = "1d"
    ) -> Mapping[str, Bars]:
        """Complete bars dated `first` or later and known at `at`, as the store has them now."""
        last = self._calendar.last_closed(at).day
        begin = week_of(first) if timeframe == "1w" else first
        if begin > last or not symbols:
            return {}
        read = await asyncio.to_thread(self._store.read, symbols, begin, last)
        panel = resampled(read, timeframe)
        found = {symbol: panel[symbol] for symbol in panel}
        if timeframe == "1w" and completed("1w", self._session(last), self._calendar) is None:
            until = np.datetime64(week_of(last), "us")  # sessions of that week are to come
            found = {s: bars[: int(np.searchsorted(bars.ts, until))] for s, bars in found.items()}
        return {symbol: bars for symbol, bars in found.items() if len(bars)}

    def known_through(self) -> datetime:
        """DataError while nothing is stored."""
        newest = self._store.known_through
        if newest is None:
            raise DataError(f"no bars are stored in {self._store.folder}; import some first")
        return self._session(newest.date()).close

    def open_prices(self, day: date) -> Mapping[str, Decimal]:
        """The opens of that session, by symbol; known from its open on."""
        return self._prices(day, opens=True)

    def close_prices(self, day: date) -> Mapping[str, Decimal]:
        """The closes of that session, by symbol; known from its close on.

        A symbol without a bar that session is absent; `last_close` knows its price.
        """
        return self._prices(day, opens=False)

    def last_close(self, symbol: str, day: date) -> Decimal | None:
        """The close of that session or the latest before it; None if there is none yet."""
        known = self._last(symbol, day)
        return None if known is None else self._decimal(known[1])

    def _prices(self, day: date, opens: bool) -> Mapping[str, Decimal]:
        month = self._month(day)
        row = month.rows.get(day)
        if row is None:
            return {}
        return _Prices(month.columns, (month.opens if opens else month.closes)[row], self._format)

    def _last(self, symbol: str, day: date) -> tuple[date, float] | None:
        """The latest bar's day and close, on or before `day`."""
        found = self._month(day).last(symbol, day)
        if found is not None:
            return found
        month = f"{day:%Y-%m}"
        for earlier in reversed([m for m in self._store.months() if m < month]):
            found = self._month(date.fromisoformat(f"{earlier}-01")).last(symbol, date.max)
            if found is not None:
                return found
        return None

    def _month(self, day: date) -> "_Month":
        name = f"{day.year:04}-{day.month:02}"
        stamp = self._store.stamp(name)
        known = self._months.get(name)
        if known is None or known[0] != stamp:
            # The stamp is older than what is read, never newer: a write between is seen next time.
            known = stamp, self._read(day.replace(day=1))
            self._months[name] = known
        return known[1]

    def _read(self, first: date) -> "_Month":
        until = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        panel = self._store.read(since=first, until=until)
        times, row = np.unique(panel.ts, return_inverse=True)
        days = [time.astype("datetime64[D]").item() for time in times]
        for day in days:
            self._session(day)
        column = np.repeat(np.arange(len(panel)), np.diff(panel.offsets))
        opens = np.full((len(days), len(panel)), np.nan)
        closes = np.full((len(days), len(panel)), np.nan)
        opens[row, column] = panel.open
        closes[row, column] = panel.close
        rows = {day: i for i, day in enumerate(days)}
        return _Month(days, rows, {s: i for i, s in enumerate(panel)}, opens, closes)

    def _session(self, day: date) -> Session:
        session = self._calendar.session_on(day)
        if session is None:
            raise DataError(f"a bar is stored for {day}, which is no {self._calendar.name} session")
        return session

    def _decimal(self, price: float) -> Decimal:
        return Decimal(format(price, self._format))


@dataclass(frozen=True, slots=True, eq=False)
class _Month:
    """One month's opens and closes, (days, symbols), NaN where there is no bar."""

    days: list[date]
    rows: dict[date, int]
    columns: dict[str, int]
    opens: Floats
    closes: Floats

    def open(self, symbol: str, day: date) -> float | None:
        return self._price(self.opens, symbol, day)

    def close(self, symbol: str, day: date) -> float | None:
        return self._price(self.closes, symbol, day)

    def _price(self, prices: Floats, symbol: str, day: date) -> float | None:
        row, column = self.rows.get(day), self.columns.get(symbol)
        if row is None or column is None:
            return None
        price = prices.item(row, column)
        return None if math.isnan(price) else price

    def last(self, symbol: str, day: date) -> tuple[date, float] | None:
        column = self.columns.get(symbol)
        if column is not None:
            for row in range(bisect_right(self.days, day) - 1, -1, -1):
                price = self.closes.item(row, column)
                if not math.isnan(price):
                    return self.days[row], price
        return None


class _Prices(Mapping[str, Decimal]):
    """One session's prices; each becomes a Decimal when asked for."""

    def __init__(self, columns: Mapping[str, int], prices: Floats, form: str) -> None:
        self._columns = columns
        self._prices = prices
        self._form = form

    def __getitem__(self, symbol: str) -> Decimal:
        price = self._prices.item(self._columns[symbol])
        if math.isnan(price):
            raise KeyError(symbol)
        return Decimal(format(price, self._form))

    def __iter__(self) -> Iterator[str]:
        return (s for s, i in self._columns.items() if not math.isnan(self._prices.item(i)))

    def __len__(self) -> int:
        return int(np.count_nonzero(~np.isnan(self._prices)))
