"""Telegram's flood control, off unless a trial wants it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from phone.refusal import too_many_requests

LIMITED = frozenset(
    name.lower()
    for name in (
        "sendMessage",
        "sendPhoto",
        "sendDocument",
        "editMessageText",
        "editMessageCaption",
        "editMessageMedia",
        "editMessageReplyMarkup",
    )
)


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time; one message costs one."""

    rate: float  # tokens a second
    burst: float  # tokens when full
    tokens: float
    at: float  # wall seconds

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (1 - self.tokens) / self.rate)


class Limits:
    """About a message a second in a chat, with bursts, and 30 a second overall."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._chats: dict[str, Bucket] = {}
        self._overall: Bucket | None = None
        self._per_chat = (1.0, 5.0)

    @property
    def is_on(self) -> bool:
        return self._overall is not None

    def turn_on(self, *, per_chat: float = 1.0, burst: float = 5.0, overall: float = 30.0) -> None:
        """Limits messages a second per chat (after `burst` at once) and over all chats."""
        self._per_chat = (per_chat, burst)
        self._chats.clear()
        self._overall = Bucket(overall, overall, overall, self._wall())

    def turn_off(self) -> None:
        self._overall = None

    def spend(self, method: str, chat_id: str) -> None:
        """Takes a token for a message; refuses with 429 when the chat or the bot has none."""
        if self._overall is None or method.lower() not in LIMITED:
            return
        now = self._wall()
        rate, burst = self._per_chat
        chat = self._chats.setdefault(chat_id, Bucket(rate, burst, burst, now))
        wait = max(chat.wait(now), self._overall.wait(now))
        if wait > 0:
            raise too_many_requests(math.ceil(wait))
        chat.tokens -= 1
        self._overall.tokens -= 1
