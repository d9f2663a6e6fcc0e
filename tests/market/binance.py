"""A strict stand-in for Binance's public spot endpoints, with the faults a real one has."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SPANS = {"1m": 60_000, "1h": 3_600_000, "1d": 86_400_000}
MOST = 1000

Candle = tuple[int, float, float, float, float, float]  # opens at (ms), O, H, L, C, volume
Fault = Callable[[web.Request, list[Any]], Awaitable[web.StreamResponse]]


def market(base: str, quote: str = "USDT", *, tick: str = "0.01", step: str = "0.00001") -> Any:
    """One entry of exchangeInfo, with the filters ccxt reads."""
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "1000000",
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000", "stepSize": step},
            {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000"},
        ],
        "permissions": ["SPOT"],
    }


@dataclass
class Binance:
    """`now` (ms) makes the last candle one that is not over. `faults` are used up one a request
    for candles."""

    candles: dict[str, dict[str, Sequence[Candle]]]  # by symbol and interval, oldest first
    markets: list[Any] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    async def info(self, request: web.Request) -> web.Response:
        assert not request.query, "ccxt asks for all of it"
        markets = self.markets or [market(s.removesuffix("USDT")) for s in self.candles]
        return web.json_response({"timezone": "UTC", "rateLimits": [], "symbols": markets})

    async def klines(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.asked.append(query)
        unknown = query.keys() - {"symbol", "interval", "startTime", "endTime", "limit"}
        if unknown:
            return _error(-1101, f"Too many parameters: {sorted(unknown)}")
        if query.get("symbol") not in self.candles:
            return _error(-1121, "Invalid symbol.")
        if query.get("interval") not in SPANS:
            return _error(-1120, "Invalid interval.")
        limit = int(query.get("limit", "500"))
        if not 1 <= limit <= MOST:
            return _error(-1130, "Illegal limit.")
        rows = self._rows(query["symbol"], query["interval"], query.get("startTime"), limit)
        if self.faults:
            return await self.faults.pop(0)(request, rows)
        return web.json_response(rows)

    def _rows(self, symbol: str, interval: str, since: str | None, limit: int) -> list[Any]:
        span = SPANS[interval]
        known = self.candles[symbol].get(interval, ())
        if since is None:
            chosen = known[-limit:]
        else:
            chosen = [c for c in known if c[0] >= int(since)][:limit]
        return [
            [at, *map(str, prices), at + span - 1, "0", 1, "0", "0", "0"] for at, *prices in chosen
        ]


def _error(code: int, text: str) -> web.Response:
    return web.json_response({"code": code, "msg": text}, status=400)


@asynccontextmanager
async def binance(candles: dict[str, dict[str, Sequence[Candle]]]) -> AsyncIterator[Binance]:
    there = Binance(candles)
    app = web.Application()
    app.router.add_get("/api/v3/exchangeInfo", there.info)
    app.router.add_get("/api/v3/klines", there.klines)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield there
    finally:
        await runner.cleanup()


# Faults


def status(code: int, **headers: str) -> Fault:
    async def fault(request: web.Request, rows: list[Any]) -> web.StreamResponse:
        return web.Response(status=code, text="<html>busy</html>", headers=headers)

    return fault


def too_often(seconds: int | None = None) -> Fault:
    async def fault(request: web.Request, rows: list[Any]) -> web.StreamResponse:
        body = {"code": -1003, "msg": "Too many requests"}
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        return web.json_response(body, status=429, headers=headers)

    return fault


async def truncated(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    """Half of the JSON, as if that were all."""
    text = json.dumps(rows)
    return web.Response(text=text[: len(text) // 2], content_type="application/json")


async def broken_off(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    """The connection is lost in the middle of the body."""
    body = json.dumps(rows).encode()
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


async def silent(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    """Never an answer; the client gives up."""
    await asyncio.Event().wait()
    raise AssertionError


async def shuffled(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    return web.json_response(rows[::-1])


async def doubled(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    return web.json_response([row for row in rows for _ in range(2)])


async def empty(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    return web.json_response([])


async def nonsense(request: web.Request, rows: list[Any]) -> web.StreamResponse:
    return web.json_response({"hello": "there"})
