"""The operators' hands and eyes: what came to the phone, and what they press in answer."""

import asyncio
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from phone import Message, Phone
from phone.events import Event
from phone.refusal import Misuse

ANSWER = re.compile(r"signal (\d+)\s*$")
FILLED = "✔ Filled"
NOT_THERE = "It is not there"  # under every question about an order in doubt
Place = tuple[int, int]  # chat, message


@dataclass(slots=True)
class Hand:
    """Listens to the phone from its making on, and approves every card."""

    phone: Phone
    random: Random
    shown: dict[Place, Message] = field(default_factory=dict)  # as they stand
    came: dict[Place, float] = field(default_factory=dict)  # wall, Unix seconds
    words: set[tuple[int, str]] = field(default_factory=set)  # all that ever stood in a chat
    questions: dict[Place, Message] = field(default_factory=dict)  # that wait for an answer
    presses: int = 0
    _done: set[Place] = field(default_factory=set)

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
        self.words.add((message.chat_id, message.words.strip()))
        self.came.setdefault(place, self.phone._wall())
        labels = [button.text for button in message.buttons]
        self.questions.pop(place, None)
        if NOT_THERE in labels:
            self.questions[place] = message
        elif "Approve" in labels and place not in self._done:
            self._done.add(place)
            for _ in range(2 if self.random.random() < 0.1 else 1):  # an impatient thumb
                # not inside the bot's own call
                soon = self.random.random() * 0.1
                asyncio.get_running_loop().call_later(soon, self.tap, message, "Approve")

    def tap(self, message: Message, label: str) -> None:
        """Unless the button has gone meanwhile."""
        with suppress(Misuse, LookupError):
            self.phone.tap(self.shown[message.chat_id, message.message_id], label)
            self.presses += 1

    def told_filled(self) -> Counter[tuple[int, int]]:
        """In how many messages of a chat a signal's fill is announced, by (chat, signal)."""
        return Counter(
            (message.chat_id, int(found[1]))
            for message in self.shown.values()
            if FILLED in message.words and (found := ANSWER.search(message.words))
        )
