"""What a bot hears, when, and how often."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup

from phone import Misuse, Phone
from tests.phone.conftest import NELSON, Restart, Wall, open_bot, png

CARD = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="✅ Approve", callback_data="nonce")]]
)


async def polled(phone: Phone, bot: Bot, **arguments: int) -> asyncio.Task[list[object]]:
    """A long poll that has reached the phone."""
    task: asyncio.Task[list[object]] = asyncio.ensure_future(
        bot.get_updates(timeout=30, **arguments)  # type: ignore[arg-type]
    )
    before = len(phone.calls)
    while len(phone.calls) == before or not phone.updates.is_polled:
        await asyncio.sleep(0)
    return task


async def test_a_typed_command_carries_its_entity(phone: Phone, bot: Bot, wall: Wall) -> None:
    update_id = phone.say(7, "/buy@quarterdeck_bot AAPL")
    (update,) = await bot.get_updates()
    assert update.update_id == update_id
    message = update.message
    assert message is not None
    assert message.from_user is not None
    assert message.entities is not None
    assert (message.from_user.id, message.from_user.username) == (NELSON.id, "nelson")
    assert message.chat.id == 7
    assert message.date.timestamp() == wall.now
    assert [(e.type, e.offset, e.length) for e in message.entities] == [("bot_command", 0, 20)]


async def test_updates_stay_until_the_offset_moves_past(phone: Phone, bot: Bot) -> None:
    first, second = phone.say(7, "one"), phone.say(7, "two")
    assert [u.update_id for u in await bot.get_updates()] == [first, second]
    assert [u.update_id for u in await bot.get_updates(limit=1)] == [first]
    assert [u.update_id for u in await bot.get_updates(offset=second)] == [second]
    assert await bot.get_updates(offset=second + 1) == []
    assert await bot.get_updates() == []


async def test_a_negative_offset_keeps_the_newest(phone: Phone, bot: Bot) -> None:
    ids = [phone.say(7, text) for text in ("one", "two", "three")]
    assert [u.update_id for u in await bot.get_updates(offset=-1)] == ids[-1:]
    assert [u.update_id for u in await bot.get_updates()] == ids[-1:]


async def test_what_is_a_day_old_is_gone(phone: Phone, bot: Bot, wall: Wall) -> None:
    phone.say(7, "one")
    wall.now += 24 * 3600 + 1
    assert await bot.get_updates() == []


async def test_a_waiting_poll_hears_at_once(phone: Phone, bot: Bot) -> None:
    poll = await polled(phone, bot)
    phone.say(7, "now")
    async with asyncio.timeout(1):
        assert len(await poll) == 1


async def test_a_press_reaches_the_poll_within_milliseconds(phone: Phone, bot: Bot) -> None:
    await bot.send_message(7, "card", reply_markup=CARD)
    hops = []
    offset = 0
    for _ in range(20):
        poll = await polled(phone, bot, offset=offset)
        began = time.perf_counter()
        press = phone.tap(phone.last(7), "Approve")
        (update,) = await poll
        hops.append(time.perf_counter() - began)
        offset = update.update_id + 1  # type: ignore[attr-defined]
        await bot.answer_callback_query(press.id)
    assert sorted(hops)[10] < 0.02  # aiogram's own reading and parsing included


async def test_a_second_poll_ends_the_first(phone: Phone, bot: Bot) -> None:
    poll = await polled(phone, bot)
    other = await polled(phone, bot)
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await poll
    phone.say(7, "one")
    assert len(await other) == 1


async def test_kinds_not_allowed_do_not_arrive(phone: Phone, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    phone.say(7, "unheard")
    phone.press(7, 7, 1, "heard")
    assert [u.event_type for u in await bot.get_updates()] == ["callback_query"]


async def test_a_press_is_answered_once(phone: Phone, bot: Bot) -> None:
    await bot.send_message(7, "card", reply_markup=CARD)
    press = phone.tap(phone.last(7), "Approve")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert query.message is not None
    assert (query.id, query.data, query.from_user.id) == (press.id, "nonce", 7)
    assert query.message.message_id == 1
    await bot.answer_callback_query(query.id, "Approved", show_alert=True)
    answer = await press.answered()
    assert (answer.text, answer.alert) == ("Approved", True)
    for query_id in (query.id, "17"):
        with pytest.raises(TelegramBadRequest, match="query is too old and response timeout"):
            await bot.answer_callback_query(query_id)


async def test_a_press_grows_too_old_to_answer(phone: Phone, bot: Bot, wall: Wall) -> None:
    phone.say(7, "x")
    press = phone.press(7, 7, 1, "x")
    wall.now += phone.presses.life + 1
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(press.id)
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(phone.press(7, 7, 1, "x").id, "x" * 201)


async def test_a_group_is_no_private_chat(phone: Phone, bot: Bot) -> None:
    phone.chats.open_group(-5, "Wardroom", [7, 66])
    phone.say(66, "/halt", chat_id=-5)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert (update.message.chat.type, update.message.from_user.id) == ("group", 66)
    with pytest.raises(Misuse):
        phone.say(8, "/halt", chat_id=-5)


async def test_a_stranger_may_write(phone: Phone, bot: Bot) -> None:
    phone.say(666, "/start")
    assert await bot.send_message(666, "Who are you?")


async def test_nothing_is_lost_over_a_restart(restart: Restart) -> None:
    phone = await restart()
    async with open_bot(phone) as bot:
        sent = await bot.send_photo(
            7, BufferedInputFile(png(), "p.png"), caption="card", reply_markup=CARD
        )
        phone.say(7, "before")
        await bot.get_updates(allowed_updates=["message"])
    before, pending = phone.messages(7), phone.updates.pending
    phone = await restart()
    assert (phone.messages(7), phone.updates.pending) == (before, pending)
    assert sent.photo is not None
    async with open_bot(phone) as bot:
        assert [u.update_id for u in await bot.get_updates()] == [pending[0]["update_id"]]
        assert (await bot.send_photo(7, sent.photo[-1].file_id)).message_id == 3
        file = await bot.download(sent.photo[-1].file_id)
        assert file is not None
        assert file.read() == png()
    assert phone.say(7, "after") > pending[0]["update_id"]


async def test_a_chat_keeps_its_newest_five_hundred(phone: Phone) -> None:
    for number in range(503):
        phone.say(7, f"{number}")
    assert [m.text for m in phone.messages(7)][:1] == ["3"]
    assert len(phone.messages(7)) == 500


async def test_waiting_for_a_message_needs_no_sleep(phone: Phone, bot: Bot) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(phone.message(7, "filled"))
        group.create_task(bot.send_message(7, "order filled"))
    assert waiting.result().words == "order filled"
    with pytest.raises(TimeoutError):
        await phone.message(7, "never", timeout=0.01)
