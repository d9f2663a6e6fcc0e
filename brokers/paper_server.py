"""The paper broker as a process of its own, so that killing a worker does not kill the broker.

JSON over HTTP on `PaperAddress`; decimals are strings. Every answer follows the commit of what it
says. 422 is a refusal, 5xx an unknown outcome.
"""

import asyncio
import logging
import os
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import ClientError, web

from brokers.adversary import Adversary, BadGateway, DroppedReply, Fate, Faults
from brokers.paper import RESTS, PaperBroker
from brokers.paper_address import PaperAddress
from brokers.paper_wire import (
    account_to_json,
    ack_to_json,
    fill_to_json,
    holdings_to_json,
    order_from_json,
    resting_to_json,
)
from trading.clocks import MarketClock
from trading.errors import BrokerError, BrokerRejected, ConfigError, DataError, QuarterdeckError

BOOK_PAGE = 2_000  # events in one answer
LONGEST_WAIT = 60.0  # wall seconds one long poll may stay open
GOODBYE = 4.0  # seconds an order being taken may still last once nobody else is heard
#: A feed, a clock's source or the disk being away: the next tick tries again.
PASSING = (QuarterdeckError, OSError, sqlite3.Error, ClientError)
log = logging.getLogger(__name__)

Served = PaperBroker | Adversary


async def serve(
    broker: Served,
    path: Path | PaperAddress,
    clock: MarketClock,
    stop: asyncio.Event,
    *,
    tick: float = 0.2,
    ready: asyncio.Event | None = None,
) -> None:
    """Listen and fill resting orders every `tick` wall seconds until `stop` is set.

    The caller owns and closes `broker`. A tick that meets one of PASSING is logged and tried
    again; any other error ends the process, for its supervisor to start anew. Raises ConfigError
    where nobody can listen at that address.
    """
    address = path if isinstance(path, PaperAddress) else PaperAddress(path)
    door = Door(broker, clock, address, tick)
    try:
        await door.open()
    except OSError as error:
        raise ConfigError(
            f"the paper broker cannot listen at {address.path}: {error.strerror or error}; see the "
            "setting 'paper'"
        ) from error
    try:
        if ready is not None:
            ready.set()
        while not stop.is_set():
            await door.keep(is_open=not (isinstance(broker, Adversary) and broker.is_away))
            try:
                await clock.refresh()
                await broker.work()
            except PASSING as error:
                log.warning("paper broker tick: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), tick)
    finally:
        await door.close(GOODBYE)


class Door:
    """The listening side; an adversary that is away really stops listening."""

    def __init__(
        self, broker: Served, clock: MarketClock, address: PaperAddress, tick: float = 0.0
    ) -> None:
        self._broker = broker
        self._tick = tick
        self._clock = clock
        self._address = address
        self._runner: web.AppRunner | None = None
        self._acting = Acting()

    async def open(self) -> None:
        remote = self._address.remote
        token = "" if self._address.fits else secrets.token_urlsafe(24)
        token = remote.token if remote else token
        self._runner = web.AppRunner(
            application(self._broker, self._clock, token, self._tick, self._acting),
            access_log=None,
            shutdown_timeout=0.2,
        )
        await self._runner.setup()
        if remote is not None:
            await web.TCPSite(self._runner, remote.host, remote.number).start()
            return
        self._address.path.parent.mkdir(parents=True, exist_ok=True)
        if self._address.fits:
            before = os.umask(0o177)  # the socket is this user's from its first moment
            try:
                await web.UnixSite(self._runner, str(self._address.path)).start()
            finally:
                os.umask(before)
            return
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._address.publish(self._runner.addresses[0][1], token)

    async def close(self, patience: float = 0.0) -> None:
        """With `patience`, orders being taken are answered first; a waiting reader holds up
        nothing."""
        if self._runner is not None:
            for site in tuple(self._runner.sites):
                await site.stop()
            await self._acting.still(patience)
            await self._runner.cleanup()
            self._runner = None
            self._address.withdraw()

    async def keep(self, *, is_open: bool) -> None:
        if is_open and self._runner is None:
            await self.open()
        elif not is_open:
            await self.close()


class Acting:
    """Requests that act, under way: orders being taken or cancelled."""

    def __init__(self) -> None:
        self._count = 0
        self._still = asyncio.Event()
        self._still.set()

    def __enter__(self) -> None:
        self._count += 1
        self._still.clear()

    def __exit__(self, *error: object) -> None:
        self._count -= 1
        if not self._count:
            self._still.set()

    async def still(self, patience: float) -> None:
        """Until there are none, at most `patience` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._still.wait()


def application(
    broker: Served,
    clock: MarketClock,
    token: str = "",
    tick: float = 0.0,
    acting: Acting | None = None,
) -> web.Application:
    """The routes; `token` guards a local port and is "" on a socket only this user can open."""
    counter = Counter(broker, clock, tick, acting or Acting())
    app = web.Application(middlewares=[_guard(token), _answer])
    app.add_routes(
        [
            web.post("/orders", counter.submit),
            web.get("/orders", counter.find),
            web.delete("/orders", counter.cancel),
            web.get("/working", counter.working),
            web.get("/fills", counter.fills),
            web.get("/positions", counter.positions),
            web.get("/account", counter.account),
            web.get("/health", counter.health),
            web.get("/book", counter.book),
            web.post("/work", counter.work),
        ]
    )
    if isinstance(broker, Adversary):
        app.add_routes([web.post("/control", Control(broker).change)])
    return app


class Counter:
    """One method a route. The market clock is read anew at the start of each that dates facts."""

    def __init__(self, broker: Served, clock: MarketClock, tick: float, acting: Acting) -> None:
        self._broker = broker
        self._clock = clock
        self._tick = timedelta(seconds=tick)  # what lands late lands at a tick
        self._acting = acting

    async def submit(self, request: web.Request) -> web.Response:
        with self._acting:
            order = order_from_json(await _body(request))
            await self._clock.refresh()
            return web.json_response(ack_to_json(await self._broker.submit(order)))

    async def find(self, request: web.Request) -> web.Response:
        ack = await self._broker.find(_query(request, "key"))
        return web.json_response(None if ack is None else ack_to_json(ack))

    async def cancel(self, request: web.Request) -> web.Response:
        with self._acting:
            await self._clock.refresh()
            return web.json_response(ack_to_json(await self._broker.cancel(_query(request, "key"))))

    async def fills(self, request: web.Request) -> web.Response:
        try:
            wait = float(request.query.get("wait", "0"))
        except ValueError as error:
            raise DataError(f"wait is a number of seconds: {error}") from error
        after = request.query.get("after", "")
        page, cursor = await self._broker.fills(after, min(wait, LONGEST_WAIT))
        return web.json_response({"fills": [fill_to_json(f) for f in page], "cursor": cursor})

    async def positions(self, request: web.Request) -> web.Response:
        return web.json_response([holdings_to_json(h) for h in await self._broker.positions()])

    async def working(self, request: web.Request) -> web.Response:
        return web.json_response([resting_to_json(r) for r in await self._broker.working()])

    async def account(self, request: web.Request) -> web.Response:
        await self._clock.refresh()
        return web.json_response(account_to_json(await self._broker.account()))

    async def work(self, request: web.Request) -> web.Response:
        await self._clock.refresh()
        return web.json_response({"moved": await self._broker.work()})

    async def book(self, request: web.Request) -> web.Response:
        """A page of the book for a backup; append-only, so the pages belong together."""
        broker = self._broker
        book = (broker.broker if isinstance(broker, Adversary) else broker).book
        if book is None:
            raise ConfigError("this paper broker keeps no book on disk")
        try:
            after = int(request.query.get("after", "0"))
        except ValueError as error:
            raise DataError(f"after is a number of an event: {error}") from error
        return web.json_response({"head": book.head(), "rows": book.page(after, BOOK_PAGE)})

    async def health(self, request: web.Request) -> web.Response:
        broker = self._broker
        settles = broker.settles_in if isinstance(broker, Adversary) else timedelta(0)
        return web.json_response(
            {
                "name": broker.name,
                "account": broker.account_id,
                "dedupes": broker.dedupes,
                "settles": (settles + self._tick).total_seconds(),
                "rests": sorted(RESTS),
                "pid": os.getpid(),
                "market_time": (await self._clock.refresh()).isoformat(),
            }
        )


class Control:
    """Turns an adversary's screws: `{"faults": {...}, "script": [...], "away": 2.0, ...}`."""

    def __init__(self, adversary: Adversary) -> None:
        self._adversary = adversary

    async def change(self, request: web.Request) -> web.Response:
        wanted = await _body(request)
        unknown = set(wanted) - {"faults", "script", "seed", "dedupes", "away", "transfer"}
        if unknown:
            raise ConfigError(f"no control called {', '.join(sorted(unknown))}")
        try:
            fates = [Fate(name) for name in wanted.get("script", [])]
            away = float(wanted.get("away", 0))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"control cannot be read: {error}") from error
        adversary = self._adversary
        if "transfer" in wanted:
            adversary.transfer(*_moved(wanted["transfer"]))
        faults = Faults.from_json(wanted["faults"]) if "faults" in wanted else adversary.faults
        adversary.set(faults, seed=wanted.get("seed"), dedupes=wanted.get("dedupes"))
        adversary.plan(*fates)
        if away:
            adversary.leave(away)
        return web.json_response({"dedupes": adversary.dedupes})


def _moved(body: Any) -> tuple[str, Decimal, Decimal]:
    """`{"symbol": "AAPL", "quantity": "-3", "price": "100"}`"""
    try:
        return str(body["symbol"]), Decimal(body["quantity"]), Decimal(body["price"])
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ConfigError(f"a transfer needs symbol, quantity and price: {error!r}") from error


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise DataError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise DataError("a JSON object is expected")
    return body


def _query(request: web.Request, name: str) -> str:
    try:
        return request.query[name]
    except KeyError:
        raise DataError(f"{request.path} needs ?{name}=") from None


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _guard(token: str) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if token and not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return _error(401, "another paper broker's token")
        return await handler(request)

    return guard


@web.middleware
async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the broker raises, as a status: 400 and 422 are final, 5xx is not."""
    try:
        return await handler(request)
    except DroppedReply:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # goes nowhere
    except BadGateway:
        return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
    except BrokerRejected as error:
        return _error(422, str(error))
    except (DataError, ConfigError) as error:
        return _error(400, str(error))
    except BrokerError as error:  # an OutcomeUnknown of the book's too
        return _error(500, str(error))


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
