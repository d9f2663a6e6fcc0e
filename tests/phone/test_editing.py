"""Edits, deletions and pins."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from phone import Phone
from tests.phone.conftest import Wall, png


def keys(*texts: str) -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text=text, callback_data=text) for text in texts]
    return InlineKeyboardMarkup(inline_keyboard=[row])


def keyed(**action: object) -> InlineKeyboardMarkup:
    button = InlineKeyboardButton.model_validate({"text": "x"} | action)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


async def test_an_edit_that_changes_nothing_is_refused(phone: Phone, bot: Bot) -> None:
    sent = await bot.send_message(7, "one", reply_markup=keys("a"))
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message"):
        await bot.edit_message_text(
            "one ", chat_id=7, message_id=sent.message_id, reply_markup=keys("a")
        )
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_reply_markup(
            chat_id=7, message_id=sent.message_id, reply_markup=keys("a")
        )
    await bot.edit_message_text(
        "<b>one</b>", chat_id=7, message_id=sent.message_id, parse_mode="HTML"
    )
    assert phone.last(7).marked("bold") == ["one"]


async def test_an_edit_without_a_keyboard_takes_it_away(phone: Phone, bot: Bot) -> None:
    sent = await bot.send_message(7, "one", reply_markup=keys("a"))
    await bot.edit_message_text("two", chat_id=7, message_id=sent.message_id)
    assert phone.last(7).buttons == []
    assert phone.last(7).edit_date is not None


async def test_a_keyboard_edit_leaves_no_mark(phone: Phone, bot: Bot) -> None:
    sent = await bot.send_message(7, "one")
    await bot.edit_message_reply_markup(
        chat_id=7, message_id=sent.message_id, reply_markup=keys("a", "b")
    )
    assert [button.data for button in phone.last(7).buttons] == ["a", "b"]
    assert phone.last(7).edit_date is None


async def test_text_and_caption_are_edited_by_their_own_methods(phone: Phone, bot: Bot) -> None:
    text = await bot.send_message(7, "one")
    photo = await bot.send_photo(7, BufferedInputFile(png(), "p.png"), caption="one")
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("two", chat_id=7, message_id=photo.message_id)
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await bot.edit_message_caption(chat_id=7, message_id=text.message_id, caption="two")
    await bot.edit_message_caption(chat_id=7, message_id=photo.message_id, caption="two")
    assert phone.last(7).caption == "two"


async def test_media_are_swapped_with_their_caption(phone: Phone, bot: Bot) -> None:
    photo = await bot.send_photo(7, BufferedInputFile(png(), "p.png"), caption="one")
    fresh = InputMediaPhoto(media=BufferedInputFile(png(9, 9), "q.png"), caption="two")
    await bot.edit_message_media(fresh, chat_id=7, message_id=photo.message_id)
    assert (phone.last(7).photo[-1]["width"], phone.last(7).words) == (9, "two")
    again = InputMediaPhoto(media=phone.last(7).photo[-1]["file_id"], caption="two")
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_media(again, chat_id=7, message_id=photo.message_id)
    await bot.edit_message_media(
        InputMediaDocument(media=BufferedInputFile(b"x", "x.txt")),
        chat_id=7,
        message_id=photo.message_id,
    )
    assert phone.last(7).photo == []
    assert phone.last(7).document is not None


async def test_only_its_own_messages_can_be_edited(phone: Phone, bot: Bot) -> None:
    phone.say(7, "hello")
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("x", chat_id=7, message_id=1)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("x", chat_id=7, message_id=99)
    with pytest.raises(TelegramBadRequest, match="message identifier is not specified"):
        await bot.edit_message_text("x", chat_id=7)


async def test_deleting_and_pinning(phone: Phone, bot: Bot, wall: Wall) -> None:
    sent = await bot.send_message(7, "one")
    await bot.pin_chat_message(7, sent.message_id)
    full = await bot.get_chat(7)
    assert full.pinned_message is not None
    assert full.pinned_message.message_id == 1
    await bot.unpin_chat_message(7)
    with pytest.raises(TelegramBadRequest, match="message to unpin not found"):
        await bot.unpin_chat_message(7)
    with pytest.raises(TelegramBadRequest, match="message to pin not found"):
        await bot.pin_chat_message(7, 99)
    assert await bot.delete_message(7, sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(7, sent.message_id)
    old = await bot.send_message(7, "two")
    wall.now += 49 * 3600
    with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
        await bot.delete_message(7, old.message_id)
    assert old.message_id == 2  # ids are not used again


@pytest.mark.parametrize(
    ("markup", "refusal"),
    [
        (keyed(callback_data="é" * 33), "BUTTON_DATA_INVALID"),
        (keyed(callback_data=""), "BUTTON_DATA_INVALID"),
        (keyed(text=" ", callback_data="x"), "button text must be non-empty"),
        (keyed(), "text buttons are unallowed in the inline keyboard"),
        (keyed(callback_data="x", url="https://example.com"), "exactly one action"),
        (keyed(callback_data="x", style="loud"), "BUTTON_STYLE_INVALID"),
        (keyed(copy_text=CopyTextButton(text="x" * 257)), "BUTTON_COPY_TEXT_INVALID"),
        (keyed(url="javascript:alert(1)"), "unsupported URL protocol"),
        (keyed(switch_inline_query="x"), "does not show switch_inline_query"),
        (keys(*(str(n) for n in range(101))), "reply markup is too long"),
        (ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="x")]]), "inline keyboards only"),
    ],
)
async def test_keyboards_telegram_refuses(
    bot: Bot, markup: InlineKeyboardMarkup, refusal: str
) -> None:
    with pytest.raises(TelegramBadRequest, match=refusal):
        await bot.send_message(7, "x", reply_markup=markup)


async def test_styles_and_copies_are_kept(phone: Phone, bot: Bot) -> None:
    sent = await bot.send_message(
        7, "x", reply_markup=keyed(callback_data="é" * 32, style="danger")
    )
    assert sent.reply_markup is not None
    assert sent.reply_markup.inline_keyboard[0][0].style == "danger"
    await bot.send_message(7, "x", reply_markup=keyed(copy_text=CopyTextButton(text="QD-17")))
    assert phone.last(7).button("x").copies == "QD-17"
