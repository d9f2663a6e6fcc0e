"""Methods that change or remove a message that is there."""

from __future__ import annotations

from typing import Any

from phone.calls import Call
from phone.chats import Chats
from phone.keyboards import inline_keyboard
from phone.messages import Message
from phone.refusal import Refusal, bad_request
from phone.sending import Sending
from phone.shapes import Json
from phone.wording import caption_of, text_of

DELETABLE = 48 * 3600  # seconds


def _same() -> Refusal:
    return bad_request(
        "message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message"
    )


class Editing:
    """editMessage…, deleteMessage(s) and pins.

    An edit without reply_markup takes the keyboard away, as in Telegram.
    """

    def __init__(self, chats: Chats, sending: Sending) -> None:
        self._chats = chats
        self._sending = sending

    def edit_text(self, call: Call) -> Json:
        wording = text_of(call.text("text"), call.text("parse_mode"), call.json("entities"))
        message = self._editable(call)
        if message.text is None:
            raise bad_request("there is no text in the message to edit")
        return self._edit(message, call, text=wording.words, entities=wording.entities)

    def edit_caption(self, call: Call) -> Json:
        wording = caption_of(
            call.text("caption"), call.text("parse_mode"), call.json("caption_entities")
        )
        message = self._editable(call)
        if message.text is not None:
            raise bad_request("there is no caption in the message to edit")
        return self._edit(message, call, caption=wording.words or None, entities=wording.entities)

    def edit_media(self, call: Call) -> Json:
        """Swaps the picture or document and its caption together."""
        media = call.json("media")
        if not isinstance(media, dict):
            raise bad_request("media is not specified")
        kind = media.get("type")
        if kind not in ("photo", "document"):
            raise bad_request(f"this stand-in does not show media of type {kind}")
        wording = caption_of(
            str(media.get("caption") or ""),
            str(media.get("parse_mode") or ""),
            media.get("caption_entities"),
        )
        message = self._editable(call)
        stored = self._sending.file(call, kind, "media", str(media.get("media") or ""))
        return self._edit(
            message,
            call,
            text=None,
            caption=wording.words or None,
            entities=wording.entities,
            photo=stored.photo() if kind == "photo" else [],
            document=stored.document() if kind == "document" else None,
        )

    def edit_keyboard(self, call: Call) -> Json:
        return self._edit(self._editable(call), call)

    def delete(self, call: Call) -> bool:
        chat = self._chats.for_bot(call.text("chat_id"))
        message = self._chats.find(chat.id, self._id(call))
        if message is None:
            raise bad_request("message to delete not found")
        if self._chats.age(message) > DELETABLE:
            raise bad_request("message can't be deleted for everyone")
        self._chats.remove(message)
        return True

    def pin(self, call: Call) -> bool:
        chat = self._chats.for_bot(call.text("chat_id"))
        message_id = self._id(call)
        if self._chats.find(chat.id, message_id) is None:
            raise bad_request("message to pin not found")
        chat.pinned = [pinned for pinned in chat.pinned if pinned != message_id] + [message_id]
        self._chats.keep(chat)
        return True

    def unpin(self, call: Call) -> bool:
        """Unpins the message named, or the last pinned when none is."""
        chat = self._chats.for_bot(call.text("chat_id"))
        message_id = call.number("message_id") or (chat.pinned[-1] if chat.pinned else 0)
        if message_id not in chat.pinned:
            raise bad_request("message to unpin not found")
        chat.pinned.remove(message_id)
        self._chats.keep(chat)
        return True

    def unpin_all(self, call: Call) -> bool:
        chat = self._chats.for_bot(call.text("chat_id"))
        chat.pinned = []
        self._chats.keep(chat)
        return True

    def _id(self, call: Call) -> int:
        message_id = call.number("message_id")
        if not message_id:
            raise bad_request("message identifier is not specified")
        return message_id

    def _editable(self, call: Call) -> Message:
        if call.text("inline_message_id"):
            raise bad_request("MESSAGE_ID_INVALID")
        chat = self._chats.for_bot(call.text("chat_id"))
        message = self._chats.find(chat.id, self._id(call))
        if message is None:
            raise bad_request("message to edit not found")
        if not message.from_bot:
            raise bad_request("message can't be edited")
        return message

    def _edit(self, message: Message, call: Call, **content: Any) -> Json:
        keyboard = inline_keyboard(call.json("reply_markup"))
        changed = {name for name, value in content.items() if value != getattr(message, name)}
        if not changed and keyboard == message.keyboard:
            raise _same()
        # Telegram hides the "edited" mark when only the buttons changed
        edited = self._chats.edit(message, marked=bool(changed), keyboard=keyboard, **content)
        return self._chats.api(edited)
