"""Buttons pressed and not yet answered."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from phone.entities import utf16_length
from phone.events import Event, Events
from phone.refusal import bad_request
from phone.shapes import Json

LIFE = 30.0  # seconds a bot may take; later the query is too old
ANSWER_LIMIT = 200  # UTF-16 code units


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot said to a press; `alert` asks for a dialog in place of a toast."""

    text: str
    alert: bool


@dataclass(slots=True)
class Press:
    """One tap on a button: `id` is the callback query's id."""

    id: str
    person_id: int
    chat_id: int
    message_id: int
    data: str
    at: float  # wall seconds
    answer: Answer | None = None
    _answered: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def answered(self, timeout: float = 5.0) -> Answer:  # noqa: ASYNC109 - as in wait_for
        """The bot's answer; TimeoutError when it keeps silent for `timeout` seconds."""
        async with asyncio.timeout(timeout):
            await self._answered.wait()
        assert self.answer is not None  # set before the event is
        return self.answer

    def settle(self, answer: Answer) -> None:
        """Records the one answer a press gets."""
        self.answer = answer
        self._answered.set()


class Presses:
    """Open callback queries. They do not outlive the process: after a restart all are too old."""

    def __init__(self, events: Events, wall: Callable[[], float]) -> None:
        self.life = LIFE
        self._events = events
        self._wall = wall
        self._open: dict[str, Press] = {}

    def begin(self, person_id: int, chat_id: int, message_id: int, data: str) -> Press:
        """A fresh query; those too old to answer are forgotten on the way."""
        now = self._wall()
        self._open = {key: press for key, press in self._open.items() if self._is_fresh(press)}
        press = Press(str(secrets.randbits(62)), person_id, chat_id, message_id, data, now)
        self._open[press.id] = press
        return press

    def answer(self, query_id: str, text: str, alert: bool) -> None:
        """Answers a query once; unknown, old and answered ones are refused alike."""
        if utf16_length(text) > ANSWER_LIMIT:
            raise bad_request("MESSAGE_TOO_LONG")
        press = self._open.pop(query_id, None)
        if press is None or not self._is_fresh(press):
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        press.settle(Answer(text, alert))
        body: Json = {
            "id": press.id,
            "person": press.person_id,
            "text": text,
            "alert": alert,
        }
        self._events.tell(Event(press.chat_id, "answered", body))

    def _is_fresh(self, press: Press) -> bool:
        return self._wall() - press.at <= self.life
