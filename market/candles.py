"""Candles from an exchange into the bar store: from the last one stored to the last one over."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import polars as pl
import stamina

from market.ohlcv import SCHEMA
from market.store import BarStore
from trading.errors import DataError

Row = tuple[str, datetime, float, float, float, float, float | None]

#: Bars held back before the store is written; a month is rewritten whole, so many at a time.
BATCH = 200_000
PAGE = 500  # candles a page, where the exchange does not say
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Exchange(Protocol):
    """What we use of ccxt.async_support; times are milliseconds since 1970, UTC."""

    id: str
    last_response_headers: Any
    last_json_response: Any  # None where the last answer was no JSON

    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int | None
    ) -> list[list[Any]]: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a page is asked for again, and how long is waited between, in seconds."""

    attempts: int = 6
    wait: float = 1.0
    longest: float = 30.0


@dataclass(slots=True)
class Came:
    """What came of one symbol after its `last` stored bar. `missing` candles lie between those that
    are stored now; `refused` were no bars: no price, or a high below its low."""

    symbol: str
    last: datetime | None = None
    bars: int = 0
    missing: int = 0
    refused: int = 0
    trouble: str = ""

    def text(self) -> str:
        """`BTC/USDT: 240 bars to 31 Aug 2024 00:00 UTC, 2 missing`."""
        parts = [f"{self.bars:,} bars to" if self.bars else "nothing new since"]
        if self.last is not None:
            parts[0] += f" {self.last.day} {self.last:%b %Y %H:%M} UTC"
        else:
            parts[0] = "nothing"
        parts += [f"{self.missing:,} missing"] if self.missing else []
        parts += [f"{self.refused:,} refused"] if self.refused else []
        parts += [self.trouble] if self.trouble else []
        return f"{self.symbol}: {', '.join(parts)}"


def span_of(timeframe: str) -> timedelta:
    """`15m`, `1h`, `1d`; DataError for what is no timeframe of the store."""
    try:
        return timedelta(**{_UNITS[timeframe[-1:]]: int(timeframe[:-1])})
    except (KeyError, ValueError) as error:
        raise DataError(f"{timeframe!r} is no timeframe; say 1m, 15m, 1h or 1d") from error


async def fetch_candles(
    exchange: Exchange,
    symbols: Sequence[str],
    store: BarStore,
    *,
    since: date,
    until: datetime,
    limit: int | None = None,
    patience: Patience | None = None,
) -> list[Came]:
    """Store what closed up to `until`, each symbol from its last stored bar or from `since`.

    The last stored bar is asked for again, so one that the exchange has corrected is replaced. A
    candle that is not over by `until` is never stored. What an exchange refuses for one symbol is
    that symbol's trouble; once it cannot be reached at all, the others are left for the next time.
    What has come is stored, however this ends.
    """
    span = span_of(store.timeframe)
    start = datetime(since.year, since.month, since.day, tzinfo=UTC)
    known = newest(store, symbols, start)
    came: list[Came] = []
    rows: list[Row] = []
    reached = True
    try:
        for symbol in symbols:
            one = Came(symbol, known.get(symbol))
            came.append(one)
            if not reached:
                one.trouble = "not asked"
                continue
            pages = _Pages(exchange, symbol, store.timeframe, limit, patience or Patience())
            try:
                async for page in pages.between(known.get(symbol, start), until, span):
                    rows += _bars(one, page, span)
                    if len(rows) >= BATCH:
                        await asyncio.to_thread(_store, store, rows)
            except DataError as trouble:
                one.trouble, reached = str(trouble), pages.reached
    finally:
        _store(store, rows)  # inline: a task that is cancelled may not wait
    return came


def newest(store: BarStore, symbols: Sequence[str], since: datetime) -> dict[str, datetime]:
    """Each symbol's last stored bar; months before `since` are not looked at."""
    found: dict[str, datetime] = {}
    for month in reversed(store.months()):
        left = [symbol for symbol in symbols if symbol not in found]
        if not left or month < f"{since:%Y-%m}":
            break
        first = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC)
        after = (first + timedelta(days=31)).replace(day=1)
        panel = store.read(left, since=first, until=after - timedelta(microseconds=1))
        for symbol in panel:
            found[symbol] = panel[symbol].ts[-1].astype("datetime64[us]").item().replace(tzinfo=UTC)
    return found


class _Pages:
    """One symbol's candles page by page, asked for again while that can help."""

    def __init__(
        self,
        exchange: Exchange,
        symbol: str,
        timeframe: str,
        limit: int | None,
        patience: Patience,
    ) -> None:
        self._exchange = exchange
        self._symbol = symbol
        self._timeframe = timeframe
        self._limit = limit
        self._patience = patience
        self.reached = True

    async def between(
        self, since: datetime, until: datetime, span: timedelta
    ) -> AsyncIterator[list[list[Any]]]:
        """Pages of candles that open at or after `since` and are over by `until`, each candle
        once, oldest first."""
        horizon: datetime | None = None
        asked_again: datetime | None = None
        while since + span <= until:
            page = await self._page(since)
            inside = {row[0]: row for row in page if since <= _time(row) <= until - span}
            if inside:
                yield [inside[at] for at in sorted(inside)]
                since = _time(inside[max(inside)]) + span
            elif any(_time(row) > until - span for row in page):
                return
            else:  # the market's end, a hole longer than a page, or a slip of the exchange's
                if horizon is None:
                    latest = [_time(row) for row in await self._page(None)]
                    horizon = max(latest, default=since - span)
                if horizon < since:
                    return
                if asked_again != since:
                    asked_again = since
                else:
                    since += (self._limit or PAGE) * span

    async def _page(self, since: datetime | None) -> list[list[Any]]:
        """Raises DataError when the exchange refuses, or stays away for all our patience."""
        import ccxt

        asked = None if since is None else int(since.timestamp() * 1000)
        patience = self._patience
        try:
            async for attempt in stamina.retry_context(
                on=_again(self._exchange, patience.longest),
                attempts=patience.attempts,
                timeout=None,
                wait_initial=patience.wait,
                wait_max=patience.longest,
                wait_jitter=patience.wait / 2,
            ):
                with attempt:
                    page = await self._exchange.fetch_ohlcv(
                        self._symbol, self._timeframe, asked, self._limit
                    )
                    return _checked(page, self._exchange.last_json_response)
        except ccxt.BaseError as error:
            self.reached = not isinstance(error, ccxt.OperationFailed) and not _broken(error)
            raise DataError(reason(error, self._exchange.id)) from error
        raise AssertionError("a retry ends with its result or its error")


def _again(exchange: Exchange, longest: float) -> Callable[[Exception], bool | float]:
    """Trouble of the line or of the moment; a server that says how long to wait is obeyed."""
    import ccxt

    def hook(error: Exception) -> bool | float:
        if isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
            headers = {k.lower(): v for k, v in (exchange.last_response_headers or {}).items()}
            wait = str(headers.get("retry-after", ""))
            return min(float(wait), 2 * longest) if wait.isdigit() else True
        return isinstance(error, ccxt.OperationFailed) or _broken(error)

    return hook


def _broken(error: Exception) -> bool:
    """An answer that broke off; ccxt calls that a plain ExchangeError."""
    import aiohttp

    return isinstance(error.__cause__, aiohttp.ClientError)


def reason(error: Exception, name: str) -> str:
    """One line for the operator: ccxt's texts carry the whole answer and its address."""
    import ccxt

    if isinstance(error, ccxt.RequestTimeout):
        return f"{name} did not answer in time"
    if isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
        return f"{name} says we ask too often"
    if isinstance(error, ccxt.OperationFailed) or _broken(error):
        return f"{name} cannot be reached ({type(error).__name__})"
    said = str(error).replace("\n", " ").removeprefix(f"{name} ")
    return f"{name} refused: {said[:120]}"


def _checked(page: Any, answer: Any) -> list[list[Any]]:
    """Raises ccxt's BadResponse, which is asked for again, for what are no candles. From half an
    answer ccxt makes an empty page, so what was no JSON is told by `answer`."""
    import ccxt

    if answer is None or not isinstance(page, list):
        raise ccxt.BadResponse("no list of candles")
    for row in page:
        if not isinstance(row, list) or len(row) < 6 or not isinstance(row[0], int):
            raise ccxt.BadResponse("a candle without a time")
    return page


def _time(row: list[Any]) -> datetime:
    return datetime.fromtimestamp(row[0] / 1000, UTC)


def _bars(one: Came, page: list[list[Any]], span: timedelta) -> list[Row]:
    """The candles that are bars, counted in `one`."""
    rows: list[Row] = []
    for candle in page:
        row = _bar(one.symbol, candle, span)
        if row is None:
            one.refused += 1
            continue
        rows.append(row)
        if one.last is None or row[1] > one.last:
            one.missing += (row[1] - one.last) // span - 1 if one.last else 0
            one.bars, one.last = one.bars + 1, row[1]
    return rows


def _bar(symbol: str, candle: list[Any], span: timedelta) -> Row | None:
    """What the store would take; None for anything else, so that one bad candle costs itself."""
    at, volume = _time(candle), candle[5]
    try:
        opens, high, low, close = (float(price) for price in candle[1:5])
        amount = None if volume is None else float(volume)
    except (TypeError, ValueError):
        return None
    sound = 0 < low <= min(opens, close) and max(opens, close) <= high < math.inf
    daily = (
        span >= timedelta(days=1) and at.replace(hour=0, minute=0, second=0, microsecond=0) != at
    )
    if not sound or daily or (amount is not None and not 0 <= amount < math.inf):
        return None
    return symbol, at, opens, high, low, close, amount


def _store(store: BarStore, rows: list[Row]) -> None:
    """Write and forget them."""
    if rows:
        frame = pl.DataFrame(rows, SCHEMA, orient="row")
        store.write(frame.unique(["symbol", "ts"], keep="last", maintain_order=True))
        rows.clear()
