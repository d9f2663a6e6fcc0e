"""The slash-command menu: setMyCommands and what a chat then shows."""

from __future__ import annotations

import json
import re
from typing import Any

from phone.calls import Call
from phone.events import Event, Events
from phone.refusal import bad_request
from phone.shapes import Json
from phone.store import Store

NAME = re.compile(r"[a-z0-9_]{1,32}")
MAX_COMMANDS = 100
DESCRIPTION_LIMIT = 256
SCOPES = (
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
    "chat_member",
)


class Commands:
    """Command lists by scope and language."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events
        self._lists: dict[str, list[Json]] = store.get("bot", "commands", {})

    def set(self, call: Call) -> bool:
        key = self._key(call)
        raw = call.json("commands")
        if not isinstance(raw, list):
            raise bad_request("can't parse commands JSON array")
        if len(raw) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self._lists[key] = [_command(one) for one in raw]
        self._keep()
        return True

    def get(self, call: Call) -> list[Json]:
        return self._lists.get(self._key(call), [])

    def delete(self, call: Call) -> bool:
        self._lists.pop(self._key(call), None)
        self._keep()
        return True

    def shown_to(self, chat_id: int) -> list[Json]:
        """The list a private chat shows: its own, else all private chats', else the default."""
        scopes: tuple[Json, ...] = (
            {"type": "chat", "chat_id": chat_id},
            {"type": "all_private_chats"},
            {"type": "default"},
        )
        for scope in scopes:
            found = self._lists.get(_scope_key(scope, ""))
            if found:
                return found
        return []

    def _key(self, call: Call) -> str:
        scope = call.json("scope") or {"type": "default"}
        if not isinstance(scope, dict) or scope.get("type") not in SCOPES:
            raise bad_request("unsupported type specified")
        return _scope_key(scope, call.text("language_code"))

    def _keep(self) -> None:
        self._store.put("bot", "commands", self._lists)
        self._events.tell(Event(0, "commands"))


def _scope_key(scope: Json, language: str) -> str:
    return json.dumps([{name: str(scope[name]) for name in sorted(scope)}, language])


def _command(raw: Any) -> Json:
    if not isinstance(raw, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name, description = str(raw.get("command", "")), str(raw.get("description", ""))
    name = name.removeprefix("/")
    if not NAME.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description.strip()) <= DESCRIPTION_LIMIT:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description.strip()}
