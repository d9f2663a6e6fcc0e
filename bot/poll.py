"""The poll: raw updates, each recorded before Telegram's offset moves past it."""

import asyncio
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramRetryAfter
from aiogram.types import Update
from pydantic import ValidationError

from bot.client import GetRawUpdates
from bot.door import Door
from desk import notices
from desk.desk import Desk
from trading.facts import Lane, Request, RequestState
from trading.messages import bold, message

log = structlog.get_logger(__name__)
LONGEST_PAUSE = 30.0


async def poll(bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk) -> None:
    """For ever: fetch, record, move the offset. Telegram being away only delays."""
    offset: int | None = None
    pause = 0.5
    while True:
        try:
            updates = await bot(GetRawUpdates(offset=offset), request_timeout=45)
            pause = 0.5
        except TelegramRetryAfter as busy:
            await asyncio.sleep(busy.retry_after)
            continue
        except (TelegramNetworkError, TelegramAPIError) as error:
            log.warning("telegram not reached", error=str(error), again_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        for raw in updates:
            await take(bot, dispatcher, door, desk, raw)
            offset = int(raw["update_id"]) + 1


async def take(
    bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk, raw: dict[str, Any]
) -> None:
    """One update through the router. One that cannot be read is kept, told once, and passed."""
    try:
        update = Update.model_validate(raw, context={"bot": bot})
    except ValidationError as error:
        await _keep_undecodable(door, desk, raw, error)
        return
    try:
        await dispatcher.feed_update(bot, update)
    except TelegramAPIError as error:  # an answer that came too late, say; the request is recorded
        log.warning("could not answer an update", update=raw["update_id"], error=str(error))


async def _keep_undecodable(
    door: Door, desk: Desk, raw: dict[str, Any], error: ValidationError
) -> None:
    now = door.wall.now()
    request = Request(
        source="telegram",
        source_id=str(raw["update_id"]),
        verb="undecodable",
        received_at=now,
        payload={"raw": raw},
        state=RequestState.FAILED,
        handled_at=now,
        error=str(error.errors(include_input=False)[:1])[:400],
    )
    async with desk.journal.transaction():
        if await desk.journal.append([request]):
            said = message(
                bold("An update from Telegram could not be read"),
                "\nIt was kept and passed over; if you pressed something just now, press again.",
            )
            await notices.tell(desk, said, lane=Lane.CRITICAL)
    await desk.bell.ring("postman")
