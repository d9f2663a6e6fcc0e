"""Chats and their messages: who may be written to, and what stands there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from phone.events import Event, Events
from phone.messages import Message
from phone.people import Person
from phone.refusal import Refusal, bad_request
from phone.shapes import Json
from phone.store import Store

KEPT = 500  # messages a chat


@dataclass(slots=True)
class Chat:
    """A private chat (id = the person's id) or a group (negative id)."""

    id: int
    title: str
    username: str | None = None
    members: list[int] = field(default_factory=list)
    next_message_id: int = 1
    blocked: bool = False
    pinned: list[int] = field(default_factory=list)  # oldest first

    @property
    def is_private(self) -> bool:
        return self.id > 0

    def api(self) -> Json:
        """The Bot API's Chat."""
        if not self.is_private:
            return {"id": self.id, "type": "group", "title": self.title}
        chat: Json = {"id": self.id, "type": "private", "first_name": self.title}
        if self.username:
            chat["username"] = self.username
        return chat


class Chats:
    """Every chat the bot knows. Message ids rise per chat, so equal ids meet in two chats."""

    def __init__(
        self, store: Store, events: Events, wall: Callable[[], float], kept: int = KEPT
    ) -> None:
        self._store = store
        self._kept = kept
        self._events = events
        self._wall = wall
        self._chats = {row["id"]: Chat(**row) for row in store.all("chat")}
        self._messages: dict[int, dict[int, Message]] = {chat: {} for chat in self._chats}
        rows = sorted(store.all("message"), key=lambda row: (row["chat_id"], row["message_id"]))
        for row in rows:
            message = Message.from_row(row)
            self._messages[message.chat_id][message.message_id] = message

    def open_private(self, person: Person) -> Chat:
        """The person's chat with the bot, begun if it was not."""
        if person.id not in self._chats:
            self._open(Chat(person.id, person.name, person.username, [person.id]))
        return self._chats[person.id]

    def open_group(self, chat_id: int, title: str, members: Sequence[int]) -> Chat:
        """A group of these people and the bot; `chat_id` is negative."""
        self._open(Chat(chat_id, title, None, list(members)))
        return self._chats[chat_id]

    def _open(self, chat: Chat) -> None:
        self._chats[chat.id] = chat
        self._messages.setdefault(chat.id, {})
        self.keep(chat)

    def keep(self, chat: Chat) -> None:
        """Stores a changed chat and tells the screens."""
        self._store.put("chat", chat.id, asdict(chat))
        self._events.tell(Event(chat.id, "chat", {"pinned": chat.pinned, "blocked": chat.blocked}))

    def get(self, chat_id: int) -> Chat | None:
        return self._chats.get(chat_id)

    def for_bot(self, chat_id: str) -> Chat:
        """The chat a bot names; refuses unknown chats and those who blocked the bot."""
        chat = self.known(chat_id)
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat

    def known(self, chat_id: str) -> Chat:
        """The chat a bot names, blocked or not; refuses unknown ones."""
        if not chat_id:
            raise bad_request("chat_id is empty")
        number = chat_id.removeprefix("-")
        chat = self._chats.get(int(chat_id)) if number.isascii() and number.isdigit() else None
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def messages(self, chat_id: int) -> list[Message]:
        """The chat as it stands, oldest first."""
        return list(self._messages.get(chat_id, {}).values())

    def find(self, chat_id: int, message_id: int) -> Message | None:
        return self._messages.get(chat_id, {}).get(message_id)

    def age(self, message: Message) -> float:
        """Seconds since the message was written."""
        return self._wall() - message.date

    def add(self, chat: Chat, sender: Json, **content: Any) -> Message:
        """A new message at the end of `chat`."""
        message = Message(chat.id, chat.next_message_id, int(self._wall()), sender, **content)
        chat.next_message_id += 1
        self._store.put("chat", chat.id, asdict(chat))
        held = self._messages[chat.id]
        held[message.message_id] = message
        self._store.put("message", _key(message), message.row())
        while len(held) > self._kept:
            self._drop(chat.id, next(iter(held)))
        self._events.tell(Event(chat.id, "message", message.row()))
        return message

    def edit(self, message: Message, *, marked: bool, **changes: Any) -> Message:
        """`message` with `changes`; `marked` shows "edited", as all but keyboard edits do."""
        if marked:
            changes["edit_date"] = int(self._wall())
        edited = replace(message, **changes)
        self._messages[message.chat_id][message.message_id] = edited
        self._store.put("message", _key(edited), edited.row())
        self._events.tell(Event(edited.chat_id, "edit", edited.row()))
        return edited

    def remove(self, message: Message) -> None:
        """Deletes a message from the chat and from its pins."""
        chat = self._chats[message.chat_id]
        self._drop(chat.id, message.message_id)
        self._events.tell(Event(chat.id, "delete", {"message_id": message.message_id}))
        if message.message_id in chat.pinned:
            chat.pinned.remove(message.message_id)
            self.keep(chat)

    def _drop(self, chat_id: int, message_id: int) -> None:
        message = self._messages[chat_id].pop(message_id)
        self._store.drop("message", _key(message))

    def api(self, message: Message) -> Json:
        """The Bot API's Message, with the message it replies to."""
        reply = message.reply_to and self.find(message.chat_id, message.reply_to)
        return message.api(self._chats[message.chat_id].api(), reply or None)


def _key(message: Message) -> str:
    return f"{message.chat_id}:{message.message_id}"
