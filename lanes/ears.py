"""The ear: hears a lane's rings, for the worker's listener and for plain loops."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from redis.asyncio.client import PubSub

from lanes.outage import Outage
from lanes.wire import AWAY, channel_of, connect, hang_up

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts to reconnect


class Ear:
    """`async with Ear(url, "postman") as ear: ... await ear.heard(5.0)`.

    Rings that come while the loop is busy wait in the connection, so they are remembered; many of
    them are one. With Redis away `heard` is just its timeout, and a new subscription counts as a
    ring, since something may have been missed. One task at a time.
    """

    def __init__(self, url: str, lane: str) -> None:
        self._redis = connect(url)
        self._channel = channel_of(lane)
        self._outage = Outage(f"ear {lane}")
        self._pubsub: PubSub | None = None
        self._pause = _FIRST_PAUSE
        self._retry_at = 0.0

    @property
    def is_away(self) -> bool:
        return self._pubsub is None

    async def __aenter__(self) -> Self:
        try:
            await self._subscribe(1.0)
        except AWAY as error:
            await self._lose(error)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._hang_up()
        await hang_up(self._redis)

    async def heard(self, timeout: float) -> bool:  # noqa: ASYNC109 - False is an answer, not an error
        """True at once if a ring came since the last True, or as soon as one comes; False after
        `timeout` seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            left = max(0.0, end - loop.time())
            try:
                if self._pubsub is not None:
                    if await self._next(self._pubsub, left):
                        while await self._next(self._pubsub, 0.0):
                            pass
                        return True
                elif (pause := self._retry_at - loop.time()) > 0:
                    await asyncio.sleep(min(pause, left))
                elif left > 0:
                    await self._subscribe(left)
                    return True
            except AWAY as error:
                await self._lose(error)
            if loop.time() >= end:
                return False

    async def _next(self, pubsub: PubSub, timeout: float) -> bool:  # noqa: ASYNC109
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=timeout)
        return message is not None

    async def _subscribe(self, within: float) -> None:
        pubsub = self._redis.pubsub()
        try:
            async with asyncio.timeout(within):
                await pubsub.subscribe(self._channel)
                await pubsub.get_message(timeout=None)  # the answer to SUBSCRIBE
        except BaseException:
            await _close(pubsub)
            raise
        self._pubsub, self._pause = pubsub, _FIRST_PAUSE
        self._outage.end()

    async def _lose(self, error: BaseException) -> None:
        self._outage.begin(error)
        self._retry_at = asyncio.get_running_loop().time() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        await self._hang_up()

    async def _hang_up(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            with contextlib.suppress(*AWAY):  # it is going anyway
                await _close(pubsub)


async def _close(pubsub: PubSub) -> None:
    await pubsub.aclose()  # type: ignore[no-untyped-call]
