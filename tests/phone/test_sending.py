"""What Telegram takes, and in which words it refuses the rest."""

from __future__ import annotations

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BufferedInputFile,
    MessageEntity,
    ReplyParameters,
)

from phone import Phone
from tests.phone.conftest import NELSON, TOKEN, open_bot, png


async def test_a_message_comes_back_as_telegram_returns_it(phone: Phone, bot: Bot) -> None:
    sent = await bot.send_message(7, "  Desk is <b>open</b> &amp; ready\n", parse_mode="HTML")
    assert sent.text == "Desk is open & ready"
    assert sent.entities is not None
    assert [(e.type, e.offset, e.length) for e in sent.entities] == [("bold", 8, 4)]
    assert sent.chat.type == "private"
    assert sent.from_user is not None
    assert sent.from_user.id == bot.id
    assert phone.last(7).marked("bold") == ["open"]


async def test_ids_rise_in_each_chat_by_itself(bot: Bot) -> None:
    ids = [(await bot.send_message(chat, "x")).message_id for chat in (7, 7, 8)]
    assert ids == [1, 2, 1]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("x" * 4097, "message is too long"),
        ("😀" * 2049, "message is too long"),
        (" \n ", "message text is empty"),
        ("<b>x", "can't parse entities: can't find end tag"),
        ("<b>x</i>", "can't parse entities: unmatched end tag at byte offset 4"),
        ("<h1>x</h1>", 'can\'t parse entities: unsupported start tag "h1" at byte offset 0'),
        ("a < b", "can't parse entities"),
        ("x</b>", "can't parse entities: unexpected end tag"),
    ],
)
async def test_html_telegram_refuses(bot: Bot, text: str, refusal: str) -> None:
    with pytest.raises(TelegramBadRequest, match=refusal):
        await bot.send_message(7, text, parse_mode="HTML")


async def test_the_limit_counts_what_is_left_after_parsing(bot: Bot) -> None:
    assert await bot.send_message(7, f"<b>{'😀' * 2048}</b>  ", parse_mode="HTML")
    await bot.send_photo(
        7, BufferedInputFile(png(), "p"), caption="<i>x</i>" * 1024, parse_mode="HTML"
    )
    with pytest.raises(TelegramBadRequest, match="message caption is too long"):
        await bot.send_photo(7, BufferedInputFile(png(), "p"), caption="x" * 1025)


async def test_markdown_is_refused_by_name(bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="not MarkdownV2"):
        await bot.send_message(7, "*x*", parse_mode="MarkdownV2")
    with pytest.raises(TelegramBadRequest, match="unsupported parse_mode"):
        await bot.send_message(7, "*x*", parse_mode="Wiki")


@pytest.mark.parametrize(
    ("entity", "refusal"),
    [
        (MessageEntity(type="bold", offset=0, length=5), "ends after the end of the text"),
        (MessageEntity(type="bold", offset=9, length=1), "begins after the end of the text"),
        (MessageEntity(type="bold", offset=2, length=1), "begins in a middle of a UTF-16 symbol"),
        (MessageEntity(type="bold", offset=0, length=2), "ends in a middle of a UTF-16 symbol"),
        (MessageEntity(type="bold", offset=-1, length=2), "incorrect offset -1"),
        (MessageEntity(type="loud", offset=0, length=1), "unsupported MessageEntity type"),
        (MessageEntity(type="text_link", offset=0, length=1), 'field "url"'),
    ],
)
async def test_entities_must_fit(bot: Bot, entity: MessageEntity, refusal: str) -> None:
    with pytest.raises(TelegramBadRequest, match=f"can't parse entities.*{refusal}"):
        await bot.send_message(7, "a😀b", entities=[entity])


async def test_photos_must_be_pictures(bot: Bot) -> None:
    for data, refusal in (
        (b"GIF89a" + b"x" * 80, "IMAGE_PROCESS_FAILED"),
        (png()[:-20], "IMAGE_PROCESS_FAILED"),
        (png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (png(210, 10), "PHOTO_INVALID_DIMENSIONS"),
        (png() + b"x" * 10_485_760, "too big for a photo"),
    ):
        with pytest.raises(TelegramBadRequest, match=refusal):
            await bot.send_photo(7, BufferedInputFile(data, "p.png"))


async def test_a_photo_is_sent_again_by_its_id_and_downloaded(phone: Phone, bot: Bot) -> None:
    sent = await bot.send_photo(7, BufferedInputFile(png(40, 30), "p.png"))
    assert sent.photo is not None
    photo = sent.photo[-1]
    assert (photo.width, photo.height) == (40, 30)
    again = await bot.send_photo(8, photo.file_id)
    assert again.photo is not None
    assert again.photo[-1].file_id == photo.file_id
    file = await bot.download(photo.file_id)
    assert file is not None
    assert file.read() == png(40, 30)
    with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
        await bot.send_document(7, photo.file_id)
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await bot.send_photo(7, "AgACnothing")


async def test_a_document_keeps_its_name(bot: Bot) -> None:
    sent = await bot.send_document(7, BufferedInputFile(b"a,b\n", "fills.csv"), caption="fills")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.mime_type) == ("fills.csv", "text/csv")
    with pytest.raises(TelegramBadRequest, match="file must be non-empty"):
        await bot.send_document(7, BufferedInputFile(b"", "empty"))


async def test_nobody_else_may_be_written_to(phone: Phone, bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(999, "x")
    phone.block(NELSON.id)
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(7, "x")
    phone.unblock(NELSON.id)
    assert await bot.send_message(7, "x")
    changes = [update.my_chat_member for update in await bot.get_updates()]
    assert [change and change.new_chat_member.status for change in changes] == ["kicked", "member"]


async def test_a_reply_needs_its_message(bot: Bot) -> None:
    first = await bot.send_message(7, "one")
    second = await bot.send_message(7, "two", reply_to_message_id=first.message_id)
    assert second.reply_to_message is not None
    assert second.reply_to_message.text == "one"
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(7, "x", reply_to_message_id=99)
    lenient = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    assert (await bot.send_message(7, "x", reply_parameters=lenient)).reply_to_message is None


async def test_wrong_tokens_and_methods(phone: Phone, bot: Bot) -> None:
    async with open_bot(phone, "4242:another") as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()
    with pytest.raises(TelegramNotFound):
        await bot.get_my_name()
    assert (await bot.get_me()).username == "quarterdeck_bot"


async def test_json_and_query_calls_are_read_too(phone: Phone) -> None:
    base = f"{phone.api_base}/bot{TOKEN}"
    async with aiohttp.ClientSession() as web:
        body = {"chat_id": 7, "text": "x", "disable_notification": True}
        async with web.post(f"{base}/SENDMESSAGE", json=body) as reply:
            assert (await reply.json())["result"]["message_id"] == 1
        async with web.get(f"{base}/getChat", params={"chat_id": "7"}) as reply:
            assert (await reply.json())["result"]["first_name"] == "Nelson"
        async with web.post(
            f"{base}/sendMessage",
            data=b'{"chat_id":7,"text":"\\ud83d"}',
            headers={"Content-Type": "application/json"},
        ) as reply:
            assert (reply.status, (await reply.json())["description"]) == (
                400,
                "Bad Request: strings must be encoded in UTF-8",
            )
    assert phone.last(7).silent


async def test_commands_are_kept_by_scope(phone: Phone, bot: Bot) -> None:
    status = BotCommand(command="status", description="How the desk stands")
    halt = BotCommand(command="halt", description="Stop")
    await bot.set_my_commands([status])
    await bot.set_my_commands([halt], scope=BotCommandScopeChat(chat_id=7))
    assert [one.command for one in await bot.get_my_commands()] == ["status"]
    assert phone.commands.shown_to(7) == [{"command": "halt", "description": "Stop"}]
    assert phone.commands.shown_to(8)[0]["command"] == "status"
    await bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=7))
    assert phone.commands.shown_to(7)[0]["command"] == "status"
    for command, description in (("Status", "x"), ("a" * 33, "x"), ("a", "x" * 257)):
        with pytest.raises(TelegramBadRequest, match="BOT_COMMAND"):
            await bot.set_my_commands([BotCommand(command=command, description=description)])
    with pytest.raises(TelegramBadRequest, match="BOT_COMMANDS_TOO_MUCH"):
        await bot.set_my_commands([status] * 101)


async def test_webhooks_are_refused(bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="getUpdates only"):
        await bot.set_webhook("https://example.com")
    assert await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""


async def test_chat_actions_have_names(bot: Bot) -> None:
    assert await bot.send_chat_action(7, "upload_photo")
    with pytest.raises(TelegramBadRequest, match="wrong parameter action"):
        await bot.send_chat_action(7, "thinking")
