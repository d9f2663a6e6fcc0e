"""Beside the inbox and the outbox: what the bot says while neither can be written."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiogram import Bot
from aiogram.types import Update
from pydantic import ValidationError

from bot.client import AWAY
from bot.door import Door
from bot.voice import cut, sendable
from desk import wording
from desk.desk import Desk
from logs import scrub

log = structlog.get_logger(__name__)
LOOK = 5.0  # seconds of wall time between looks at whether the database answers
ALERT_LIMIT = 200  # UTF-16 units Telegram shows of the answer to a press


@dataclass(slots=True)
class TurnedAway:
    """Presses that could not be recorded. Each is answered at once, with what to do, and never
    carried out later: its operator was told to press again. A plain message stays with Telegram,
    which brings the presses behind it again too; those are known here by their update."""

    bot: Bot
    door: Door
    _answered: set[int] = field(default_factory=set)

    def knows(self, raw: dict[str, Any]) -> bool:
        return raw["update_id"] in self._answered

    def forget(self, before: int) -> None:
        """Telegram brings nothing of before this update again."""
        self._answered = {number for number in self._answered if number >= before}

    async def answer(self, raws: Sequence[dict[str, Any]], why: str) -> None:
        """Of these updates, the presses of operators that are not answered yet."""
        for raw in raws:
            if "callback_query" in raw and not self.knows(raw):
                self._answered.add(raw["update_id"])
                await self._answer(raw, why)

    async def _answer(self, raw: dict[str, Any], why: str) -> None:
        try:
            query = Update.model_validate(raw, context={"bot": self.bot}).callback_query
        except ValidationError:
            return
        if query is None or not self.door.knows(query.from_user.id):
            return
        head, tail = "Not recorded: ", ". Press again once that is done."
        text = head + cut(sendable(scrub(why)), ALERT_LIMIT - len(head + tail)) + tail
        try:
            await query.answer(text, show_alert=True)
        except AWAY as error:
            log.warning("could not answer a press", update=raw["update_id"], error=str(error))


async def tell_outages(bot: Bot, desk: Desk, rest: Callable[[float], Awaitable[object]]) -> None:
    """For ever: one message when the database has been away for two looks, one when it is back.
    They go past the outbox, which lies in that database."""
    waited, told = "", False
    while True:
        why = desk.journal.away
        if why and why == waited and not told:
            text = (
                f"{wording.capital(why)}.\nUntil then nothing is decided or sent to a broker. What "
                "you write waits at Telegram; a button says so and wants to be pressed again."
            )
            told = await _say(bot, desk, f"The database does not work\n{text}")
        elif told and not why:
            told = not await _say(bot, desk, "The database works again\nWhat waited goes on now.")
        waited = why
        await rest(LOOK)


async def _say(bot: Bot, desk: Desk, text: str) -> bool:
    """Whether anybody was reached; with nobody to tell, it is as good as told."""
    reached = not desk.operators
    for operator in desk.operators:
        try:
            await bot.send_message(operator.id, sendable(scrub(text)), parse_mode=None)
            reached = True
        except AWAY as error:
            log.warning("telegram not reached", recipient=operator.id, error=str(error))
    return reached
