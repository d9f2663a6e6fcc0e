"""The paper broker in another process, reached as a real one would be: with timeouts and doubt."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from brokers.paper_address import PaperAddress
from brokers.paper_wire import (
    account_from_json,
    ack_from_json,
    fill_from_json,
    holdings_from_json,
    order_to_json,
    resting_from_json,
)
from trading.errors import BrokerError, BrokerRejected, DataError, OutcomeUnknown
from trading.orders import Ack, Fill, Order, OrderType, Resting
from trading.ports import Terms
from trading.types import Account, Holdings

REFUSALS = frozenset({400, 401, 422})  # with a JSON reason: the broker did not act


class PaperClient:
    """`trading.ports.Broker` over the paper broker's socket. Close it, or use `async with`.

    `submit` and `cancel` raise BrokerRejected (final), OutcomeUnknown (sent, and nobody knows) or
    plain BrokerError ("not sent"). Reads raise BrokerError. `timeout` is the machine's seconds an
    answer may take, each `rate` seconds of wall time; every call opens its own connection, so a
    refused one proves nothing was sent.
    """

    name: str
    account_id: str

    def __init__(
        self,
        path: Path | PaperAddress,
        *,
        account_id: str = "paper",
        name: str = "paper",
        timeout: float = 5.0,
        connect_timeout: float = 1.0,
        rate: float = 1.0,
    ) -> None:
        self.name = name
        self.account_id = account_id
        self.rate = rate
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self._address = path if isinstance(path, PaperAddress) else PaperAddress(path)
        self._session: aiohttp.ClientSession | None = None

    async def terms(self) -> Terms:
        """As the process itself says: its dedupe is its own. What it promises begins once a
        request has reached it, which takes as long as we would have waited for the answer."""
        told = await self.health()
        try:
            dedupes, settles = bool(told["dedupes"]), float(told["settles"])
            rests = frozenset(OrderType(kind) for kind in told.get("rests", ()))
        except (KeyError, TypeError, ValueError) as error:
            raise BrokerError(f"the paper broker does not say how it settles: {error}") from error
        seconds = (self.connect_timeout + self.timeout + settles) * self.rate
        return Terms(dedupes, timedelta(seconds=seconds), rests=rests)

    async def submit(self, order: Order) -> Ack:
        body = await self._call("POST", "/orders", json_body=order_to_json(order), acts=True)
        return self._acted(body)

    async def cancel(self, key: str) -> Ack:
        return self._acted(await self._call("DELETE", "/orders", {"key": key}, acts=True))

    def _acted(self, body: Any) -> Ack:
        try:
            return ack_from_json(body)
        except DataError as error:
            raise OutcomeUnknown(f"the paper broker's {error}") from error

    async def find(self, key: str) -> Ack | None:
        body = await self._call("GET", "/orders", {"key": key})
        return None if body is None else ack_from_json(body)

    async def fills(self, after: str, wait: float = 0.0) -> tuple[list[Fill], str]:
        """With `wait`, answers at the next execution or after that many wall seconds."""
        query = {"after": after, "wait": str(wait)}
        body = await self._call("GET", "/fills", query, wait=wait)
        return [fill_from_json(fill) for fill in body["fills"]], str(body["cursor"])

    async def positions(self) -> list[Holdings]:
        return [holdings_from_json(held) for held in await self._call("GET", "/positions")]

    async def working(self) -> list[Resting]:
        return [resting_from_json(row) for row in await self._call("GET", "/working")]

    async def account(self) -> Account:
        return account_from_json(await self._call("GET", "/account"))

    async def work(self) -> int:
        """One tick of the broker at once, instead of at its next; how many orders moved."""
        body = await self._call("POST", "/work", json_body={})
        return int(body["moved"])

    async def book(self, after: int = 0) -> tuple[dict[str, str], list[list[Any]]]:
        """What the book says of itself, and its events after that one; none left is the end."""
        body = await self._call("GET", "/book", {"after": str(after)})
        return body["head"], body["rows"]

    async def health(self) -> Mapping[str, Any]:
        """Name, account, dedupes, pid and market time of the process that answers."""
        body: Mapping[str, Any] = await self._call("GET", "/health")
        return body

    async def ready(self, within: float = 10.0) -> None:
        """Wait until the process answers; BrokerError after `within` wall seconds, or at once
        when it keeps another account."""
        try:
            async with asyncio.timeout(within):
                while True:
                    try:
                        told = await self.health()
                        break
                    except BrokerError:
                        await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise BrokerError(
                f"the paper broker at {self._address.path} did not answer within {within:g} s"
            ) from error
        if (told["name"], told["account"]) != (self.name, self.account_id):
            raise BrokerError(
                f"{self._address.path} serves {told['name']}/{told['account']}, "
                f"not {self.name}/{self.account_id}"
            )

    async def control(self, **wanted: Any) -> None:
        """Turn an adversary's screws: faults, script, seed, dedupes, away, transfer."""
        await self._call("POST", "/control", json_body=wanted)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        json_body: Any = None,
        acts: bool = False,
        wait: float = 0.0,
    ) -> Any:
        headers, base = {}, "http://paper"
        if not self._address.fits:
            port = self._address.port()
            base = f"http://{port.host}:{port.number}"
            headers["Authorization"] = f"Bearer {port.token}"
        doubt = OutcomeUnknown if acts else BrokerError
        limits = aiohttp.ClientTimeout(
            total=self.connect_timeout + self.timeout + wait, connect=self.connect_timeout
        )
        try:
            async with self._open().request(
                method, base + path, params=query, json=json_body, headers=headers, timeout=limits
            ) as response:
                status, text = response.status, await response.text()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise BrokerError(
                f"cannot reach the paper broker at {self._address.path}: not sent ({error})"
            ) from error
        except TimeoutError as error:
            raise doubt(
                f"the paper broker did not answer {method} {path} in {self.timeout:g} s"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise doubt(f"the paper broker's answer was lost: {error}") from error
        return self._said(status, text, doubt)

    def _said(self, status: int, text: str, doubt: type[BrokerError]) -> Any:
        try:
            body = json.loads(text)
        except ValueError as error:
            raise doubt(f"the paper broker answered {status} without JSON") from error
        if status == 200:
            return body
        reason = body.get("error") if isinstance(body, dict) else None
        if status in REFUSALS and reason:
            raise BrokerRejected(str(reason))
        raise doubt(f"the paper broker answered {status}: {reason}")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector: aiohttp.BaseConnector
            if self._address.fits:
                connector = aiohttp.UnixConnector(str(self._address.path), force_close=True)
            else:
                connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session
