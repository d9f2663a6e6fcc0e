"""What was done and what came of it, in the order it happened: the transcript before any form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: What no two runs share, all of it in /health: how long ago a process gave its sign of life, how
#: fast the database and Redis answer, how full the disk is.
AGE = re.compile(r"(?<=alive) +\d+ s$|(?<=Database) \d.*$|(?<=Disk:) .*$", re.MULTILINE)
MASK = " n s"
SIGNAL = re.compile(r"· signal (\d+)\s*$")  # how a card ends


@dataclass(frozen=True, slots=True)
class Heading:
    """The market's clock was put here; `at` is in the exchange's zone."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A word to the reader."""

    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pressed:
    label: str
    under: str  # the headline of the message
    at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it stood at the end of a step.

    `trail` holds the first line of each state it was shown in before, so it is empty for a new
    message. `picture` is the file's name beside the transcript, "" where there is none or where it
    is the one shown before.
    """

    number: int  # of the message in the chat
    words: str
    entities: Sequence[dict[str, Any]]
    keyboard: Sequence[Sequence[dict[str, Any]]]
    at: datetime
    picture: str = ""
    size: tuple[int, int] = (0, 0)  # of the picture, pixels
    trail: tuple[str, ...] = ()

    @property
    def is_card(self) -> bool:
        return SIGNAL.search(self.words) is not None

    @property
    def edited(self) -> str:
        """How a card came to this: `approved by you → filled 58 @ 97.07`; "" for what is new."""
        states = [*self.trail[1:], self.words.partition("\n")[0]]
        plain = [state.lstrip("✔✖⌛⚠ ") for state in states]
        return " → ".join(p[:1].lower() + p[1:] for p in plain) if self.trail else ""

    @property
    def is_brief(self) -> bool:
        """A card with a new state above the words and the picture already shown."""
        return bool(self.trail) and self.is_card and not self.picture


Entry = Heading | Aside | Typed | Pressed | Shown


@dataclass(slots=True)
class Story:
    entries: list[Entry] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)  # PNG by file name
    failure: str = ""  # why it ends early


def masked(words: str, entities: Sequence[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Without what differs from run to run; the entities' UTF-16 offsets follow."""
    moved = [dict(entity) for entity in entities]
    while found := next((m for m in AGE.finditer(words) if m[0] != MASK), None):
        at, less = _units(words[: found.start()]), len(found[0]) - len(MASK)
        for entity in moved:
            if entity["offset"] > at:
                entity["offset"] -= less
            elif entity["offset"] + entity["length"] > at:
                entity["length"] -= less
        words = words[: found.start()] + MASK + words[found.end() :]
    return words, moved


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
