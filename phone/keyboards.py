"""Inline keyboards: what Telegram lets a bot hang under a message."""

from __future__ import annotations

import re
from typing import Any

from phone.entities import check_utf8
from phone.refusal import Refusal, bad_request
from phone.shapes import Json, Keyboard

MAX_BUTTONS = 100
DATA_BYTES = 64
COPY_LENGTH = 256
LINK = re.compile(r"(?:https?|tg)://[^\s]+", re.IGNORECASE)
STYLES = ("danger", "success", "primary")
SHOWN = ("callback_data", "url", "copy_text", "disabled")  # actions the page can carry out
ACTIONS = (
    *SHOWN,
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "callback_game",
    "pay",
)


def inline_keyboard(markup: Any) -> Keyboard:
    """The rows of a reply_markup, empty rows dropped; refuses what Telegram refuses."""
    if markup is None:
        return []
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        raise bad_request("this stand-in shows inline keyboards only")
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be of type Array of Arrays')
    keyboard = [[_button(button) for button in row] for row in rows if row]
    if sum(len(row) for row in keyboard) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return keyboard


def _wrong(reason: str) -> Refusal:
    return bad_request(f"can't parse inline keyboard button: {reason}")


def _button(raw: Any) -> Json:
    if not isinstance(raw, dict):
        raise _wrong("expected an Object")
    text = raw.get("text")
    if not isinstance(text, str):
        raise _wrong('field "text" must be of type String')
    check_utf8(text)
    if not text.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    actions = [name for name in ACTIONS if raw.get(name) is not None]
    if not actions:
        raise _wrong("text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise _wrong(f"exactly one action is allowed, got {' and '.join(actions)}")
    action = actions[0]
    if action not in SHOWN:
        raise _wrong(f"this stand-in does not show {action} buttons")
    button: Json = {"text": text.strip(), action: _checked(action, raw[action])}
    style = raw.get("style")
    if style is not None:
        if style not in STYLES:
            raise bad_request("BUTTON_STYLE_INVALID")
        button["style"] = style
    return button


def _checked(action: str, value: Any) -> Any:
    if action == "callback_data":
        if not isinstance(value, str):
            raise bad_request("BUTTON_DATA_INVALID")
        check_utf8(value)
        if not 1 <= len(value.encode()) <= DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        return value
    if action == "copy_text":
        copied = value.get("text") if isinstance(value, dict) else None
        if not isinstance(copied, str) or not 1 <= len(copied) <= COPY_LENGTH:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        check_utf8(copied)
        return {"text": copied}
    if action == "url":
        if not isinstance(value, str) or not LINK.match(value):
            raise bad_request(
                f"inline keyboard button URL '{value}' is invalid: unsupported URL protocol"
            )
        return value
    return {}
