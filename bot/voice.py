"""The voice: a message in Telegram's own form, by entities, so that no symbol breaks a parse."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from bot.callbacks import Press, new_nonce
from trading.messages import Button, Message

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CUT = "…"
LABEL_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Said:
    """Text and entities within a limit, and a digest of all that a reader would see."""

    text: str
    entities: list[MessageEntity]
    digest: str


def units(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def sendable(text: str) -> str:
    """Without lone surrogates, which JSON can carry to us and UTF-8 cannot carry on."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, ending in an ellipsis where something was cut."""
    if units(text) <= limit:
        return text
    kept, used = [], units(CUT)
    for char in text:
        used += units(char)
        if used > limit:
            break
        kept.append(char)
    return "".join(kept) + CUT


def say(message: Message, *, caption: bool, picture: str = "") -> Said:
    """Cut to Telegram's limit; `picture` is what the digest adds for the photo."""
    limit = CAPTION_LIMIT if caption else TEXT_LIMIT
    text, offset, entities = "", 0, []
    for span in message.text:
        part = cut(sendable(span.text), limit - offset)
        length = units(part)
        if span.style and part.strip():
            entities.append(MessageEntity(type=span.style, offset=offset, length=length))
        text += part
        offset += length
        if offset >= limit:
            break
    shown = [text, [e.model_dump() for e in entities], message.to_json()["buttons"], picture]
    digest = hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()
    return Said(text, entities, digest)


@dataclass(frozen=True, slots=True)
class Key:
    """A button given a nonce."""

    nonce: str
    button: Button


def keys(message: Message) -> list[list[Key]]:
    return [[Key(new_nonce(), button) for button in row] for row in message.buttons]


def keyboard(rows: Sequence[Sequence[Key]]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(
                    text=cut(sendable(key.button.label), LABEL_LIMIT),
                    callback_data=Press(nonce=key.nonce).pack(),
                    style=key.button.style or None,
                )
                for key in row
            ]
            for row in rows
        ]
    )
