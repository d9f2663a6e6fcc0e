"""The poll: raw updates, each recorded before Telegram's offset moves past it."""

import json
import re
from contextlib import suppress
from itertools import count
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramConflictError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import Update
from pydantic import ValidationError

from bot.aside import TurnedAway
from bot.client import AWAY, POLL_SECONDS, SLACK, GetRawUpdates
from bot.door import Door
from bot.reach import Reach
from desk import notices
from desk.desk import Desk
from logs import scrub
from trading.clocks import Clocks
from trading.errors import JournalError
from trading.facts import Lane, Notice, Request, RequestState
from trading.messages import bold, message

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
JOURNAL_PAUSE = 1.0  # a press that comes meanwhile is answered within it
TRIES = 3  # of an update that could not be recorded; then it is kept and passed over

#: What no second try changes: the update itself breaks our code.
OURS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
UNREADABLE = "unreadable"  # the key of an update that is no JSON
MOST_KEPT = 20_000  # characters of one that could not be read
_NUMBER = re.compile(r'"update_id"\s*:\s*(\d{1,18})\b')
CONFLICTS = 3  # in a row: one alone is our own last poll, not yet let go by Telegram


async def poll(
    bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk, clocks: Clocks, reach: Reach
) -> None:
    """For ever: fetch, record, move the offset. Telegram being away only delays."""
    offset: int | None = None
    limit: int | None = None  # 1 while a page could not be read: then its updates come singly
    patience = max(1, round(clocks.machine(POLL_SECONDS)))
    pause, conflicts = FIRST_PAUSE, 0
    turned = TurnedAway(bot, door)
    while True:
        wanted = GetRawUpdates(offset=offset, limit=limit, timeout=patience)
        try:
            with desk.shift.resting():  # what comes in the meantime, Telegram keeps
                updates = await bot(wanted, request_timeout=patience + SLACK)
        except TelegramRetryAfter as busy:
            await desk.shift.rests(clocks.sleep)(busy.retry_after)
            continue
        except AWAY as error:
            torn = _torn(error)
            if torn and limit is None:
                limit = 1
                continue
            if torn and (broken := _first_of(torn)) is not None:
                await record(bot, dispatcher, door, desk, broken, clocks)
                offset, limit = broken["update_id"] + 1, None
                continue
            conflicts = conflicts + 1 if isinstance(error, TelegramConflictError) else 0
            await _not_polled(bot, desk, error, conflicts)
            await desk.shift.rests(clocks.sleep)(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        pause, conflicts, limit = FIRST_PAUSE, 0, None
        await reach.answered()
        for place, raw in enumerate(updates):
            number = raw.get("update_id")
            if not isinstance(number, int):  # no offset moves past it; it waits its 24 hours out
                log.error("an update has no number", raw=repr(raw)[:200])
                await clocks.sleep(FIRST_PAUSE)
                continue
            try:
                if not turned.knows(raw):
                    await record(bot, dispatcher, door, desk, raw, clocks)
            except JournalError as away:  # said once by the journal
                await turned.answer(updates[place:], str(away))
                if not turned.knows(raw):  # a message: this one and those behind it wait
                    await clocks.sleep(JOURNAL_PAUSE)
                    break
            offset = number + 1
            turned.forget(offset)


def _torn(error: BaseException) -> str:
    """A page of updates that is no JSON we can read; "" for every other trouble. What a proxy
    says in Telegram's place is not such a page."""
    if not isinstance(error, ClientDecodeError) or not isinstance(error.data, str):
        return ""
    return error.data if _NUMBER.search(error.data) else ""


def _first_of(page: str) -> dict[str, Any] | None:
    """The only update of a page that nobody can read, as text under its number."""
    found = _NUMBER.search(page)
    return {"update_id": int(found[1]), UNREADABLE: page} if found else None


async def _not_polled(bot: Bot, desk: Desk, error: Exception, conflicts: int) -> None:
    """Say what only an operator can put right; the rest passes by itself."""
    log.warning("telegram not reached", error=str(error)[:400])
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
        with suppress(JournalError):  # the log has it
            async with desk.journal.transaction():
                await notices.tell(desk, said, lane=Lane.CRITICAL)
            await desk.bell.ring("postman")


async def record(
    bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk, raw: dict[str, Any], clocks: Clocks
) -> None:
    """Returns once the update is on disk, as a request or as one that broke our code: until then
    Telegram keeps it. Raises JournalError while the database is away."""
    for attempt in count(1):
        try:
            await take(bot, dispatcher, door, desk, raw)
            return
        except JournalError:
            raise
        except Exception as failure:
            log.exception("an update was not recorded", update=raw["update_id"], attempt=attempt)
            hopeless = isinstance(failure, OURS) or attempt >= TRIES
            if hopeless and await _kept_in_spite(door, desk, raw, failure):
                return
        await clocks.sleep(min(0.1 * 2**attempt, 5.0))


async def take(
    bot: Bot, dispatcher: Dispatcher, door: Door, desk: Desk, raw: dict[str, Any]
) -> None:
    """One update through the router. One that cannot be read is kept, told once, and passed."""
    if UNREADABLE in raw:
        await _keep(door, desk, raw, "no JSON")
        return
    try:
        update = Update.model_validate(raw, context={"bot": bot})
    except ValidationError as error:
        why = str(error.errors(include_input=False, include_url=False)[:1])
        await _keep(door, desk, raw, why)
        return
    except RecursionError as error:
        await _keep(door, desk, raw, repr(error))
        return
    try:
        await dispatcher.feed_update(bot, update)
    except AiogramError as error:  # an answer that came too late, say; the request is recorded
        log.warning("could not answer an update", update=raw["update_id"], error=str(error)[:400])


async def _kept_in_spite(door: Door, desk: Desk, raw: dict[str, Any], failure: Exception) -> bool:
    try:
        await _keep(door, desk, raw, repr(failure))
    except JournalError:
        raise
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
        payload={"raw": _storable(raw)},
        state=RequestState.FAILED,
        handled_at=now,
        error=scrub(why)[:400],
    )
    sender = _sender(raw)
    ours = sender is None or door.knows(sender)
    async with desk.journal.transaction():
        kept = await desk.journal.append([request])
        subject = f"undecodable:{now:%Y-%m-%dT%H}"
        told = bool(kept) and ours and not await desk.journal.count(Notice, subject=subject)
        if told:
            said = message(
                bold("An update from Telegram could not be read"),
                "\nIt was kept and passed over; if you pressed something just now, press again.",
            )
            await notices.tell(desk, said, lane=Lane.CRITICAL, subject=subject, topic="errors")
    log.error("an update could not be read", update=raw["update_id"], sender=sender)
    if told:
        await desk.bell.ring("postman")


def _storable(raw: dict[str, Any]) -> Any:
    """As it came, where that fits into a row; else its beginning, as text."""
    try:
        text = json.dumps(raw)
    except (ValueError, RecursionError):
        text = ""
    if text and len(text) <= MOST_KEPT and "\\u0000" not in text:
        return raw
    body = raw.get(UNREADABLE)
    try:
        said = body if isinstance(body, str) else text or repr(raw)
    except (ValueError, RecursionError) as error:  # what JSON cannot say, Python cannot always
        said = f"{type(error).__name__}: keys {list(raw)[:5]}"
    return ascii(said)[:MOST_KEPT]


def _sender(raw: dict[str, Any]) -> int | None:
    """Who sent it, as far as that can be read."""
    for body in raw.values():
        sender = body.get("from") if isinstance(body, dict) else None
        number = sender.get("id") if isinstance(sender, dict) else None
        if isinstance(number, int):
            return number
    return None
