"""One message as it stands, and what can be read off it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Self

from phone.entities import utf16_slice
from phone.shapes import Entity, Json, Keyboard


@dataclass(frozen=True, slots=True)
class Button:
    """One button under a message; `data` is None for links and copy buttons."""

    text: str
    data: str | None
    style: str | None
    copies: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands now; an edit makes a new value with the same id."""

    chat_id: int
    message_id: int
    date: int  # Unix seconds
    sender: Json  # the Bot API's User
    text: str | None = None
    caption: str | None = None
    entities: list[Entity] = field(default_factory=list)  # of the text or the caption
    photo: list[Json] = field(default_factory=list)
    document: Json | None = None
    keyboard: Keyboard = field(default_factory=list)
    edit_date: int | None = None
    reply_to: int | None = None
    silent: bool = False

    @property
    def words(self) -> str:
        """The text, or the caption of a picture or document."""
        return self.text if self.text is not None else self.caption or ""

    @property
    def from_bot(self) -> bool:
        return bool(self.sender["is_bot"])

    @property
    def buttons(self) -> list[Button]:
        """Every button, row by row."""
        return [
            Button(
                raw["text"],
                raw.get("callback_data"),
                raw.get("style"),
                raw.get("copy_text", {}).get("text"),
                raw.get("url"),
            )
            for row in self.keyboard
            for raw in row
        ]

    def button(self, text: str) -> Button:
        """The first button whose label contains `text`; LookupError names the labels there are."""
        for button in self.buttons:
            if text in button.text:
                return button
        labels = ", ".join(repr(button.text) for button in self.buttons) or "none"
        raise LookupError(f"no button {text!r} under message {self.message_id}; there: {labels}")

    def marked(self, kind: str) -> list[str]:
        """The parts of the words that carry an entity of this type."""
        return [
            utf16_slice(self.words, e["offset"], e["length"])
            for e in self.entities
            if e["type"] == kind
        ]

    def api(self, chat: Json, reply: Message | None = None) -> Json:
        """The Bot API's Message."""
        body: Json = {
            "message_id": self.message_id,
            "from": self.sender,
            "chat": chat,
            "date": self.date,
        }
        if self.edit_date:
            body["edit_date"] = self.edit_date
        if reply is not None:
            body["reply_to_message"] = reply.api(chat)
        if self.photo:
            body["photo"] = self.photo
        if self.document:
            body["document"] = self.document
        if self.text is not None:
            body["text"] = self.text
        if self.caption:
            body["caption"] = self.caption
        if self.entities:
            body["caption_entities" if self.text is None else "entities"] = self.entities
        if self.keyboard:
            body["reply_markup"] = {"inline_keyboard": self.keyboard}
        return body

    def row(self) -> Json:
        """The message as the store keeps it and the page reads it."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Json) -> Self:
        return cls(**row)
