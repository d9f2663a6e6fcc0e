"""A crypto exchange by ccxt: opened, its markets as instruments, its candles into the store."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from market.calendars import RoundTheClock
from market.candles import Came, Patience, fetch_candles, reason, span_of
from market.instruments import InstrumentBook
from market.store import BarStore
from trading.errors import ConfigError, DataError
from trading.types import Instrument

SECTOR = "Crypto"


@dataclass(frozen=True, slots=True)
class Source:
    """Which candles: named symbols, or every market that trades in `quote`."""

    name: str
    exchange: str  # ccxt's id
    timeframe: str = "1d"
    symbols: tuple[str, ...] = ()  # ccxt's unified ones: "BTC/USDT"
    quote: str = ""
    since: date = date(2020, 1, 1)
    sandbox: bool = False
    url: str = ""  # in place of the exchange's own host
    timeout: float = 10.0  # seconds
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Fetched:
    source: Source
    came: tuple[Came, ...]

    @property
    def troubled(self) -> list[Came]:
        return [one for one in self.came if one.trouble]

    def summary(self) -> str:
        """In a clause; the first few that had trouble by name."""
        bars = sum(one.bars for one in self.came)
        missing = sum(one.missing for one in self.came)
        many = "" if len(self.came) == 1 else "s"
        parts = [f"{self.source.name}: {bars:,} bars of {len(self.came)} symbol{many}"]
        parts += [f"{missing:,} candles missing"] if missing else []
        parts += [f"{one.symbol}: {one.trouble}" for one in self.troubled[:3]]
        more = len(self.troubled) - 3
        return "; ".join(parts) + (f" and {more} more in trouble" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class CandleFeed:
    """Keeps the bars and instruments of one source up to date; `root` and `book` are the store's
    folder and the instruments' file."""

    source: Source
    root: Path
    book: Path

    async def fetch(self, now: datetime) -> Fetched:
        """Everything over by `now`. Raises ConfigError for a source that makes no sense, DataError
        when the exchange cannot be reached; a symbol's own trouble is in what is returned."""
        source = self.source
        async with open_exchange(source) as exchange:
            markets = await _markets(exchange, source)
            enrol(self.book, [instrument(exchange, market) for market in markets.values()])
            came = await fetch_candles(
                exchange,
                list(markets),
                BarStore(self.root, source.timeframe),
                since=source.since,
                until=now,
                limit=_page_size(exchange, next(iter(markets))),
                patience=source.patience,
            )
        return Fetched(source, tuple(came))


@asynccontextmanager
async def open_exchange(source: Source) -> AsyncIterator[Any]:
    """ccxt's client for it. Raises ConfigError for what ccxt or the exchange does not offer."""
    import ccxt.async_support as ccxt

    if source.exchange not in ccxt.exchanges:
        near = get_close_matches(source.exchange, ccxt.exchanges, n=3)
        hint = f"nearest: {', '.join(near)}" if near else "see docs.ccxt.com for those there are"
        raise ConfigError(f"ccxt knows no exchange {source.exchange!r}; {hint}")
    span_of(source.timeframe)
    # of Binance's three markets one is asked, where nothing but spot is wanted
    spot = not any(":" in symbol for symbol in source.symbols)
    options = {"fetchMarkets": {"types": ["spot"]}} if spot and "binance" in source.exchange else {}
    exchange: Any = getattr(ccxt, source.exchange)(
        {"enableRateLimit": True, "timeout": int(source.timeout * 1000), "options": options}
    )
    exchange.enableLastJsonResponse = True
    try:
        if not exchange.has["fetchOHLCV"]:
            raise ConfigError(f"{source.exchange} offers no candles")
        if exchange.timeframes and source.timeframe not in exchange.timeframes:
            known = ", ".join(exchange.timeframes)
            raise ConfigError(f"{source.exchange} has no {source.timeframe} candles, but: {known}")
        if source.sandbox:
            try:
                exchange.set_sandbox_mode(True)
            except ccxt.NotSupported as error:
                raise ConfigError(f"{source.exchange} has no sandbox") from error
        if source.url:
            exchange.urls["api"] = _moved(exchange.urls["api"], source.url.rstrip("/"))
        yield exchange
    finally:
        await exchange.close()


def _moved(urls: Any, base: str) -> Any:
    """The same paths at another host."""
    if isinstance(urls, Mapping):
        return {key: _moved(value, base) for key, value in urls.items()}
    return base + urlsplit(urls).path if isinstance(urls, str) else urls


async def _markets(exchange: Any, source: Source) -> dict[str, Mapping[str, Any]]:
    """The chosen markets by symbol, in symbol order."""
    import ccxt
    import stamina

    try:
        async for attempt in stamina.retry_context(
            on=ccxt.OperationFailed,
            attempts=source.patience.attempts,
            timeout=None,
            wait_initial=source.patience.wait,
            wait_max=source.patience.longest,
        ):
            with attempt:
                known: dict[str, Mapping[str, Any]] = await exchange.load_markets()
    except ccxt.BaseError as error:
        raise DataError(f"{source.name}: {reason(error, exchange.id)}") from error
    for symbol in source.symbols:
        if symbol not in known:
            near = get_close_matches(symbol, known, n=3)
            hint = f"; nearest: {', '.join(near)}" if near else ""
            raise ConfigError(f"{exchange.id} has no market {symbol!r}{hint}")
    chosen = source.symbols or [
        symbol
        for symbol, market in known.items()
        if market["quote"] == source.quote and market["spot"] and market["active"] is not False
    ]
    if not chosen:
        raise ConfigError(f"{exchange.id} has no market that trades in {source.quote!r}")
    return {symbol: known[symbol] for symbol in sorted(chosen)}


def _page_size(exchange: Any, symbol: str) -> int | None:
    """How many candles a page may hold, as ccxt knows of this exchange."""
    limit = exchange.feature_value(symbol, "fetchOHLCV", "limit", None)
    return int(limit) if limit else None


def instrument(exchange: Any, market: Mapping[str, Any]) -> Instrument:
    """One of ccxt's markets as we trade it: its price and amount steps, in its quote currency."""
    contract = market.get("contractSize")
    least = ((market.get("limits") or {}).get("cost") or {}).get("min")
    default = Instrument(market["symbol"])
    return Instrument(
        symbol=market["symbol"],
        name=f"{market['base']} in {market['quote']}",
        sector=SECTOR,
        exchange=exchange.name,
        calendar=RoundTheClock.NAME,
        currency=market.get("settle") or market["quote"],
        tick=_step(exchange, market["precision"].get("price")) or default.tick,
        lot=_step(exchange, market["precision"].get("amount")) or default.lot,
        multiplier=Decimal(str(contract)) if contract else default.multiplier,
        minimum=Decimal(str(least)) if least and math.isfinite(least) else default.minimum,
    )


def _step(exchange: Any, precision: float | None) -> Decimal | None:
    """A step, from either of the ways in which exchanges state it; None where they do not."""
    import ccxt

    if precision is None:
        return None
    if exchange.precisionMode == ccxt.TICK_SIZE:
        return Decimal(str(precision)) if precision > 0 else None
    if exchange.precisionMode == ccxt.DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(precision))
    return None  # significant digits: the step moves with the price


def enrol(book: Path, instruments: Sequence[Instrument]) -> None:
    """Put instruments into the file, or renew them; what an operator set (broker, name, sector)
    stays."""
    known = {one.symbol: one for one in InstrumentBook.load(book).all()} if book.exists() else {}
    merged = dict(known)
    for one in instruments:
        old = known.get(one.symbol)
        merged[one.symbol] = (
            one
            if old is None
            else replace(
                one,
                broker=old.broker,
                name=old.name or one.name,
                sector=old.sector or one.sector,
            )
        )
    if merged != known:
        InstrumentBook(merged.values()).save(book)
