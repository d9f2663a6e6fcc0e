"""The poll: raw updates, each recorded before Telegram's offset moves past it."""

import asyncio
from itertools import count
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import (
    AiogramError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import Update
from pydantic import ValidationError

from bot.client import AWAY, POLL_PATIENCE, GetRawUpdates
from bot.door import Door
from desk import notices
from desk.desk import Desk
from logs import scrub
from trading.facts import Lane, Request, RequestState
from trading.messages import bold, message

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
TRIES = 3  # of an update that breaks our own code; then it is kept and passed over
CONFLICTS = 3  # in a row: one alone is our own last poll, not yet let go by Telegram


async def poll(bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk) -> None:
    """For ever: fetch, record, move the offset. Telegram being away only delays."""
    offset: int | None = None
    pause, conflicts = FIRST_PAUSE, 0
    while True:
        try:
            with desk.shift.resting():  # what comes in the meantime, Telegram keeps
                updates = await bot(GetRawUpdates(offset=offset), request_timeout=POLL_PATIENCE)
        except TelegramRetryAfter as busy:
            await desk.shift.rests(asyncio.sleep)(busy.retry_after)
            continue
        except AWAY as error:
            conflicts = conflicts + 1 if isinstance(error, TelegramConflictError) else 0
            await _not_polled(bot, desk, error, conflicts)
            await desk.shift.rests(asyncio.sleep)(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        pause, conflicts = FIRST_PAUSE, 0
        for raw in updates:
            await record(bot, dispatcher, door, desk, raw)
            offset = int(raw["update_id"]) + 1


async def _not_polled(bot: Bot, desk: Desk, error: Exception, conflicts: int) -> None:
    """Say what only an operator can put right; the rest passes by itself."""
    log.warning("telegram not reached", error=str(error))
    if isinstance(error, TelegramUnauthorizedError):
        log.error("Telegram does not know this token; set QUARTERDECK_TELEGRAM_TOKEN to the right")
    elif "webhook" in str(error).lower():
        log.error("this token had a webhook, which shuts out polling; removing it")
        try:
            await bot.delete_webhook()
        except AWAY as again:
            log.warning("the webhook was not removed", error=str(again))
    elif conflicts == CONFLICTS:
        log.error("another program polls with this bot's token; one of the two must stop")
        said = message(
            bold("Another program uses this bot's token"),
            "\nIt takes away what you press and write. Stop it, or give it a token of its own.",
        )
        async with desk.journal.transaction():
            await notices.tell(desk, said, lane=Lane.CRITICAL)
        await desk.bell.ring("postman")


async def record(
    bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk, raw: dict[str, Any]
) -> None:
    """Returns once the update is on disk, as a request or as one that broke our code: until then
    Telegram keeps it. A database that is away is waited for."""
    for attempt in count(1):
        try:
            await take(bot, dispatcher, door, desk, raw)
            return
        except Exception as failure:
            log.exception("an update was not recorded", update=raw["update_id"], attempt=attempt)
            if attempt >= TRIES and await _kept_in_spite(door, desk, raw, failure):
                return
        await asyncio.sleep(min(0.1 * 2**attempt, 5.0))


async def take(
    bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk, raw: dict[str, Any]
) -> None:
    """One update through the router. One that cannot be read is kept, told once, and passed."""
    try:
        update = Update.model_validate(raw, context={"bot": bot})
    except ValidationError as error:
        why = str(error.errors(include_input=False, include_url=False)[:1])
        await _keep(door, desk, raw, why)
        return
    try:
        await dispatcher.feed_update(bot, update)
    except AiogramError as error:  # an answer that came too late, say; the request is recorded
        log.warning("could not answer an update", update=raw["update_id"], error=str(error))


async def _kept_in_spite(door: Door, desk: Desk, raw: dict[str, Any], failure: Exception) -> bool:
    try:
        await _keep(door, desk, raw, repr(failure))
    except Exception:
        log.exception("an update could not be kept", update=raw["update_id"])
        return False
    return True


async def _keep(door: Door, desk: Desk, raw: dict[str, Any], why: str) -> None:
    """A stranger's is kept and not told, and no more than one an hour is: nobody may fill the
    critical lane from outside."""
    now = door.wall.now()
    request = Request(
        source="telegram",
        source_id=str(raw["update_id"]),
        verb="undecodable",
        received_at=now,
        payload={"raw": raw},
        state=RequestState.FAILED,
        handled_at=now,
        error=scrub(why)[:400],
    )
    sender = _sender(raw)
    async with desk.journal.transaction():
        kept = await desk.journal.append([request])
        if kept and (sender is None or door.knows(sender)):
            said = message(
                bold("An update from Telegram could not be read"),
                "\nIt was kept and passed over; if you pressed something just now, press again.",
            )
            subject = f"undecodable:{now:%Y-%m-%dT%H}"
            await notices.tell(desk, said, lane=Lane.CRITICAL, subject=subject)
    log.error("an update could not be read", update=raw["update_id"], sender=sender)
    await desk.bell.ring("postman")


def _sender(raw: dict[str, Any]) -> int | None:
    """Who sent it, as far as that can be read."""
    for body in raw.values():
        sender = body.get("from") if isinstance(body, dict) else None
        number = sender.get("id") if isinstance(sender, dict) else None
        if isinstance(number, int):
            return number
    return None
