"""Whatever a bot sends, Telegram answers in its own words."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from phone import Person, Phone
from phone.calls import Call
from phone.refusal import Refusal
from tests.phone.conftest import TOKEN

METHODS = [
    "sendMessage",
    "sendPhoto",
    "sendDocument",
    "sendChatAction",
    "editMessageText",
    "editMessageCaption",
    "editMessageMedia",
    "editMessageReplyMarkup",
    "deleteMessage",
    "pinChatMessage",
    "unpinChatMessage",
    "answerCallbackQuery",
    "getFile",
    "getChat",
    "getUpdates",
    "setMyCommands",
    "getMyCommands",
    "setWebhook",
]
NAMES = [
    "chat_id",
    "text",
    "caption",
    "message_id",
    "entities",
    "caption_entities",
    "reply_markup",
    "reply_parameters",
    "media",
    "photo",
    "document",
    "parse_mode",
    "commands",
    "scope",
    "offset",
    "limit",
    "allowed_updates",
    "action",
    "callback_query_id",
    "file_id",
    "url",
    "type",
    "inline_keyboard",
    "callback_data",
    "copy_text",
    "style",
    "length",
    "command",
    "description",
]
words = st.one_of(
    st.sampled_from(["7", "1", "HTML", "html", "bold", "text_link", "photo", "attach://x", "<b>"]),
    st.text(max_size=6),
)
leaf = st.one_of(st.none(), st.booleans(), st.integers(-2, 9), words)
value = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)
arguments = st.dictionaries(st.sampled_from(NAMES), value, max_size=6)


@settings(max_examples=400)
@given(st.sampled_from(METHODS), arguments)
async def test_any_call_is_carried_out_or_refused(method: str, sent: dict[str, Any]) -> None:
    phone = Phone(None, TOKEN, [Person(7, "Nelson")])
    phone.say(7, "hello")
    await phone.carry_out(Call("sendMessage", {"chat_id": 7, "text": "there"}))
    if sent.get("message_id") != 1:
        sent = {"chat_id": 7, "message_id": 2, "text": "x"} | sent
    with suppress(Refusal):  # any other exception would be a 500
        await phone.carry_out(Call(method, sent))
    await phone.stop()
