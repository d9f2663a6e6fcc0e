"""Plays the script on the running demo and writes down what the operator saw."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from desk import wording
from transcript.house import House, StepFailed
from transcript.script import Clock, Press, Say, Step
from transcript.story import SIGNAL, Aside, Heading, Pressed, Shown, Story, Typed, masked

LOOK = 0.1  # seconds between looks at the chat

T = TypeVar("T")
Row = Mapping[str, Any]
Camera = Callable[[House, Step, int], Awaitable[None]]
"""Is handed the house, a step with a shot and the number of the message it is to show."""


async def no_camera(house: House, step: Step, number: int) -> None:
    del house, step, number


@dataclass(slots=True)
class Player:
    """`tell` gets a line of progress a step; `story` holds what there is, also after a failure."""

    house: House
    story: Story
    tell: Callable[[str], None]
    camera: Camera = no_camera
    _seen: dict[int, Row] = field(default_factory=dict)
    _trails: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _at: datetime = field(init=False)

    async def play(self, script: Sequence[Step]) -> None:
        """Raises StepFailed naming the step and what it waited for."""
        self._look(await self.house.now())
        self._head()
        for number, step in enumerate(script, 1):
            self.tell(f"{number:2}/{len(script)} {_said(step)}")
            try:
                await self._step(step)
            except StepFailed as failure:
                with suppress(StepFailed):  # the phone itself may be what failed
                    await self._write_down()
                raise StepFailed(f"step {number}, {_said(step)}: {failure}") from None

    def _look(self, at: datetime) -> None:
        self._at = at.astimezone(self.house.zone)

    def _head(self) -> None:
        place = wording.place(self.house.calendar.zone)
        label = f"{wording.day(self._at)}, {self._at:%H:%M} {place}"
        self.story.entries.append(Heading(self._at, label))

    async def _step(self, step: Step) -> None:
        if isinstance(step.do, Clock):
            self._look(await self.house.put(step.do))
            self._head()
        if step.aside:
            self.story.entries.append(Aside(step.aside))
        await self._do(step.do)
        met = await self._met(step)
        await self._at_rest(step.within)
        await self._write_down()
        if step.shot:
            await self.camera(self.house, step, met)

    async def _do(self, move: Clock | Say | Press) -> None:
        if isinstance(move, Say):
            text = self._filled_in(move)
            self.story.entries.append(Typed(text, self._at))
            await self.house.say(text)
        elif isinstance(move, Press):
            row, key = await self._button(move)
            self.story.entries.append(Pressed(key["text"], _headline(row), self._at))
            await self.house.press(row["message_id"], key["callback_data"])

    def _filled_in(self, move: Say) -> str:
        if not move.told:
            return move.text
        for row in sorted(self._seen.values(), key=_id, reverse=True):
            if found := re.search(move.told, _words(row), re.MULTILINE):
                return move.text.replace("{}", found[1])
        raise StepFailed(f"nothing in the chat is like {move.told!r}")

    async def _button(self, press: Press) -> tuple[Row, Mapping[str, Any]]:
        for row in sorted(self._seen.values(), key=_order):
            for key in (key for line in row["keyboard"] for key in line):
                if key["text"].startswith(press.label) and press.under in _words(row):
                    return row, key
        where = f" under {press.under!r}" if press.under else ""
        raise StepFailed(f"there is no button {press.label!r}{where}")

    async def _met(self, step: Step) -> int:
        """The number of the message that is as the step wants it, once it is."""
        wanted = f"a message with {step.until!r}" + (" and a new picture" if step.photo else "")

        async def look() -> int:
            for row in sorted(await self._changed(), key=_order):
                new_photo = _photo(row) and _photo(row) != _photo(self._seen.get(_id(row)))
                if re.search(step.until, _words(row)) and (new_photo or not step.photo):
                    return _id(row)
            return 0

        return await self._until(look, wanted, step.within)

    async def _at_rest(self, within: float) -> None:
        """Until nothing is under way in the house, twice in a row: one look may fall between."""
        quiet = 0

        async def look() -> bool:
            nonlocal quiet
            busy = await self.house.at_work()
            quiet = 0 if busy else quiet + 1
            return quiet > 1

        await self._until(look, "the house to be at rest", within)

    async def _until(self, look: Callable[[], Awaitable[T]], wanted: str, within: float) -> T:
        try:
            async with asyncio.timeout(within):
                while True:
                    if found := await look():
                        return found
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            raise StepFailed(f"waited {within:.0f} s for {wanted}") from None

    async def _changed(self) -> list[Row]:
        """The bot's messages that are new or not as they were."""
        rows = await self.house.messages()
        return [r for r in rows if r["sender"]["is_bot"] and r != self._seen.get(_id(r))]

    async def _write_down(self) -> None:
        """What changed, edits first, then cards by signal: Telegram keeps no order among those."""
        for row in sorted(await self._changed(), key=_order):
            before = self._seen.get(_id(row))
            self._seen[_id(row)] = row
            if before is None or _words(before) != _words(row) or _photo(before) != _photo(row):
                self.story.entries.append(await self._shown(row, before))

    async def _shown(self, row: Row, before: Row | None) -> Shown:
        words, entities = masked(_words(row), row["entities"])
        trail = self._trails.get(_id(row), ())
        self._trails[_id(row)] = (*trail, words.partition("\n")[0])
        picture, size = "", (0, 0)
        if _photo(row) and _photo(row) != _photo(before):
            photo = row["photo"][-1]
            picture, size = self._name(words, trail), (photo["width"], photo["height"])
            self.story.pictures[picture] = await self.house.photo(photo["file_id"])
        return Shown(_id(row), words, entities, row["keyboard"], self._at, picture, size, trail)

    def _name(self, words: str, trail: Sequence[str]) -> str:
        """`04-buy-58-chrw-filled.png`: what it is of, and its state where it was edited."""
        headline, state = (trail[0], words) if trail else (words, "")
        short = f"{headline.partition(chr(10))[0].partition(' ·')[0]} {state.partition(' ')[2]}"
        slug = re.sub(r"[^a-z]*[^a-z0-9]+", "-", short.partition(" @")[0].lower()).strip("-")
        return f"{len(self.story.pictures) + 1:02}-{slug[:40]}.png"


def _said(step: Step) -> str:
    match step.do:
        case Say(text):
            return text.replace(" {}", "")
        case Press(label, under):
            return f"press {label}" + (f" under {under}" if under else "")
        case Clock() as clock:
            return f"the market's {clock.name.lower()}"


def _id(row: Row) -> int:
    return int(row["message_id"])


def _words(row: Row) -> str:
    return str(row["text"] or row["caption"] or "")


def _photo(row: Row | None) -> str:
    return str(row["photo"][-1]["file_id"]) if row and row["photo"] else ""


def _headline(row: Row) -> str:
    return _words(row).partition("\n")[0]


def _order(row: Row) -> tuple[bool, int, int]:
    """Cards by their signal, then the rest as they came."""
    found = SIGNAL.search(_words(row))
    return found is None, int(found[1]) if found else 0, _id(row)
