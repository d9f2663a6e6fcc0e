"""Methods that put a new message into a chat."""

from __future__ import annotations

from typing import Any

from phone.calls import Call
from phone.chats import Chat, Chats
from phone.events import Event, Events
from phone.files import Files, StoredFile
from phone.keyboards import inline_keyboard
from phone.refusal import bad_request
from phone.shapes import Json
from phone.wording import caption_of, text_of

ACTIONS = frozenset(
    (
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    )
)


class Sending:
    """sendMessage, sendPhoto, sendDocument and sendChatAction."""

    def __init__(self, me: Json, chats: Chats, files: Files, events: Events) -> None:
        self._me = me
        self._chats = chats
        self._files = files
        self._events = events

    def send_message(self, call: Call) -> Json:
        """Checks in Telegram's order: the words, the keyboard, then the chat."""
        wording = text_of(call.text("text"), call.text("parse_mode"), call.json("entities"))
        return self._send(call, text=wording.words, entities=wording.entities)

    def send_photo(self, call: Call) -> Json:
        self._chats.for_bot(call.text("chat_id"))
        photo = self.file(call, "photo", "photo", call.text("photo"))
        return self._send(call, **self._caption(call), photo=photo.photo())

    def send_document(self, call: Call) -> Json:
        self._chats.for_bot(call.text("chat_id"))
        document = self.file(call, "document", "document", call.text("document"))
        return self._send(call, **self._caption(call), document=document.document())

    def send_chat_action(self, call: Call) -> bool:
        action = call.text("action")
        if action not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._chats.for_bot(call.text("chat_id"))
        self._events.tell(Event(chat.id, "action", {"action": action}))
        return True

    def file(self, call: Call, kind: str, field: str, source: str) -> StoredFile:
        """The photo or document a call uploads or names by file_id."""
        upload = call.upload(field, source)
        if upload is None:
            if not source or source.startswith("attach://"):
                raise bad_request(f"there is no {kind} in the request")
            return self._files.again(source, kind)
        if kind == "photo":
            return self._files.photo(upload.data, upload.name)
        return self._files.document(upload.data, upload.name)

    def _caption(self, call: Call) -> Json:
        wording = caption_of(
            call.text("caption"), call.text("parse_mode"), call.json("caption_entities")
        )
        return {"caption": wording.words or None, "entities": wording.entities}

    def _send(self, call: Call, **content: Any) -> Json:
        keyboard = inline_keyboard(call.json("reply_markup"))
        chat = self._chats.for_bot(call.text("chat_id"))
        message = self._chats.add(
            chat,
            self._me,
            keyboard=keyboard,
            reply_to=self._reply_to(call, chat),
            silent=call.flag("disable_notification"),
            **content,
        )
        return self._chats.api(message)

    def _reply_to(self, call: Call, chat: Chat) -> int | None:
        parameters = call.json("reply_parameters") or {}
        if not isinstance(parameters, dict):
            raise bad_request("object expected as reply parameters")
        wanted = parameters.get("message_id") or call.number("reply_to_message_id")
        if not wanted:
            return None
        if not isinstance(wanted, int) or self._chats.find(chat.id, wanted) is None:
            if parameters.get("allow_sending_without_reply"):
                return None
            raise bad_request("message to be replied not found")
        return wanted
