"""The operators' hands and eyes: what came to the phone, and what they press in answer."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import phone.chats
from phone import Message, Phone
from phone.events import Event
from phone.refusal import Misuse

vars(phone.chats)["KEPT"] = 1_000_000  # nothing may be forgotten: an edit of it would come anew

ANSWER = re.compile(r"signal (\d+)\s*$")
FILLED = "✔ Filled"


@dataclass(slots=True)
class Hand:
    """Listens to the phone from its making on. What each button's press needs is asked of
    `knows`: whether the broker holds the order that a message asks about."""

    phone: Phone
    random: Random
    shown: dict[tuple[int, int], Message] = field(default_factory=dict)  # as they stand
    came: dict[tuple[int, int], float] = field(default_factory=dict)  # wall, Unix seconds
    pressed: list[str] = field(default_factory=list)  # update ids of presses, as strings
    said: list[str] = field(default_factory=list)  # of words
    asked: dict[tuple[int, int], str] = field(default_factory=dict)  # of unknown orders: label
    answers: Callable[[Message], str] | None = None  # the label to press under a question
    _done: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.phone.events.listeners.append(self._heard)

    def _heard(self, event: Event) -> None:
        if event.kind not in ("message", "edit"):
            return
        message = Message.from_row(event.body)
        if not message.from_bot:
            return
        place = (message.chat_id, message.message_id)
        self.shown[place] = message
        self.came.setdefault(place, self.phone._wall())
        labels = [button.text for button in message.buttons]
        if "Approve" in labels and place not in self._done:
            self._done.add(place)
            self._soon(self.tap, message, "Approve")
            if self.random.random() < 0.1:  # an impatient thumb
                self._soon(self.tap, message, "Approve")
        elif self.answers is not None:
            label = self.answers(message)
            if label:
                self.asked[place] = label
                self._soon(self.tap, message, label)

    def _soon(self, act: Callable[..., None], *args: object) -> None:
        """Not inside the bot's own call."""
        asyncio.get_running_loop().call_later(self.random.random() * 0.1, act, *args)

    def tap(self, message: Message, label: str) -> None:
        with suppress(Misuse, LookupError):
            newest = self.shown[message.chat_id, message.message_id]
            before = self.phone.updates.pending
            self.phone.tap(newest, label)
            self.pressed.append(f"{message.chat_id}:{message.message_id}:{label}:{before}")

    def say(self, person: int, text: str) -> None:
        self.said.append(str(self.phone.say(person, text)))

    def twice_told(self) -> list[str]:
        """Signals whose fill stands in more than one message of a chat."""
        told = Counter(
            (message.chat_id, found[1])
            for message in self.shown.values()
            if FILLED in message.words and (found := ANSWER.search(message.words))
        )
        return [f"signal {signal} to {chat}" for (chat, signal), n in told.items() if n > 1]

    def told_filled(self) -> set[tuple[int, int]]:
        """(chat, signal) of every fill that is announced."""
        return {
            (message.chat_id, int(found[1]))
            for message in self.shown.values()
            if FILLED in message.words and (found := ANSWER.search(message.words))
        }
