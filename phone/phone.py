"""The phone itself: everything in one hand."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from phone.browser import Browser
from phone.calls import Call
from phone.chats import KEPT, Chats
from phone.clock import ClockControls
from phone.commands import Commands
from phone.control import Control
from phone.entities import checked, detected, tidied, utf16_length
from phone.events import Events
from phone.faults import Faults
from phone.files import Files
from phone.guard import add_headers, guard
from phone.limits import Limits
from phone.messages import Message
from phone.methods import Methods
from phone.people import Person
from phone.presses import Press, Presses
from phone.refusal import Misuse
from phone.sending import Sending
from phone.server import BotApi
from phone.shapes import Json
from phone.store import Store
from phone.updates import Updates
from phone.wording import TEXT_LIMIT

T = TypeVar("T")


class Phone:
    """A local Telegram for one bot: a Bot API server, a chat page, and a hand to use them.

    With a folder, chats, pictures and unconfirmed updates survive a restart. `wall` is the
    only time it knows; a chat forgets all but its newest `kept` messages.
    """

    def __init__(
        self,
        folder: Path | None,
        token: str,
        operators: Sequence[Person],
        bot_name: str = "Quarterdeck",
        clock: ClockControls | None = None,
        wall: Callable[[], float] = time.time,
        kept: int = KEPT,
    ) -> None:
        self.operators = tuple(operators)
        self.clock = clock
        self.me: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": bot_name,
            "username": f"{bot_name.lower().replace(' ', '_')}_bot",
        }
        self._wall = wall
        self._store = Store(folder)
        self.events = Events()
        self.chats = Chats(self._store, self.events, wall, kept)
        self.files = Files(self._store)
        self.updates = Updates(self._store, wall)
        self.presses = Presses(self.events, wall)
        self.commands = Commands(self._store, self.events)
        self.faults = Faults(Limits(wall), self.updates)
        sending = Sending(self.me, self.chats, self.files, self.events)
        self._methods = Methods(
            self.me,
            self.chats,
            self.files,
            self.updates,
            self.presses,
            self.commands,
            sending,
        )
        self._api = BotApi(token, self._methods, self.files, self.faults)
        self._browser = Browser(self)
        self._people = {person.id: person for person in operators}
        self._runner: web.AppRunner | None = None
        self.url = ""
        for person in operators:
            self.chats.open_private(person)

    @property
    def api_base(self) -> str:
        """What `TelegramAPIServer.from_base` wants."""
        return self.url

    @property
    def calls(self) -> deque[Call]:
        """The last Bot API calls, oldest first, with their outcomes."""
        return self._api.calls

    async def carry_out(self, call: Call) -> Any:
        """A Bot API call without HTTP, token, faults or limits; raises Refusal."""
        return await self._methods.carry_out(call)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> web.AppRunner:
        """Listens; port 0 takes any free one, and `url` then tells it."""
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise Misuse(f"the phone listens on this machine only, not on {host}")
        app = web.Application(middlewares=[guard], client_max_size=64 * 1024 * 1024)
        app.on_response_prepare.append(add_headers)
        app.on_shutdown.append(self._let_go)
        self._api.add_routes(app.router)
        self._browser.add_routes(app.router)
        Control(self).add_routes(app.router)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self._runner = runner
        self.url = f"http://{host}:{runner.addresses[0][1]}"
        return runner

    async def stop(self) -> None:
        """Ends polls and pages, then closes the store; a stopped phone is not started again."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._store.close()

    async def _let_go(self, app: web.Application) -> None:
        self.updates.release()
        await self._browser.close()

    def holder(self, asked: str) -> Person:
        """Who a page belongs to: `asked` (an id), or the first operator."""
        if not asked.isascii() or not asked.isdigit():
            return self.operators[0] if self.operators else Person(1, "Operator")
        return self.person(int(asked))

    def person(self, person_id: int) -> Person:
        """An operator, or the stranger with this id."""
        return self._people.get(person_id) or Person(person_id, f"Stranger {person_id}")

    def say(self, person_id: int, text: str, chat_id: int | None = None) -> int:
        """Writes to the bot, in private or in a group; returns the update's id."""
        person = self.person(person_id)
        chat = self.chats.open_private(person) if chat_id is None else self.chats.get(chat_id)
        if chat is None or person_id not in chat.members:
            raise Misuse(f"{person.name} is not in chat {chat_id}")
        if chat.blocked:
            raise Misuse("The bot is blocked; unblock it to write.")
        words, entities = tidied(text, checked(text, None))
        if not words:
            raise Misuse("There is nothing to send.")
        if utf16_length(words) > TEXT_LIMIT:
            raise Misuse(f"A message has at most {TEXT_LIMIT} characters.")
        message = self.chats.add(chat, person.api(), text=words, entities=detected(words, entities))
        return self.updates.add("message", self.chats.api(message))

    def press(self, person_id: int, chat_id: int, message_id: int, callback_data: str) -> Press:
        """Presses a button; any data may be sent, as a forged client could."""
        message = self.chats.find(chat_id, message_id)
        if message is None:
            raise Misuse("That message is gone.")
        press = self.presses.begin(person_id, chat_id, message_id, callback_data)
        query: Json = {
            "id": press.id,
            "from": self.person(person_id).api(),
            "message": self.chats.api(message),
            "chat_instance": str(hash((chat_id, self.me["id"]))),
            "data": callback_data,
        }
        self.updates.add("callback_query", query)
        return press

    def tap(self, message: Message, label: str, person_id: int | None = None) -> Press:
        """Presses the button whose label contains `label`, as the chat's owner by default."""
        button = message.button(label)
        if button.data is None:
            raise Misuse(f"the button {button.text!r} sends nothing to the bot")
        person = message.chat_id if person_id is None else person_id
        return self.press(person, message.chat_id, message.message_id, button.data)

    def messages(self, chat_id: int) -> list[Message]:
        """The chat as it stands, oldest first."""
        return self.chats.messages(chat_id)

    def last(self, chat_id: int) -> Message:
        """The bot's newest message in a chat; LookupError when there is none."""
        for message in reversed(self.messages(chat_id)):
            if message.from_bot:
                return message
        raise LookupError(f"the bot has not written to {chat_id}")

    async def wait_for(
        self,
        condition: Callable[[], T],
        timeout: float = 5.0,  # noqa: ASYNC109 - a test states its patience where it waits
    ) -> T:
        """The condition's first truthy value, looked at again after every change here.

        A LookupError means "not yet", so `phone.last(7).button("Approve")` may be waited for.
        """
        found: T = await self.events.wait_for(condition, timeout)
        return found

    async def message(
        self,
        chat_id: int,
        matches: str | Callable[[Message], bool],
        timeout: float = 5.0,  # noqa: ASYNC109 - as above
    ) -> Message:
        """The newest message of the bot that contains or satisfies `matches`, once there is one."""

        def found() -> Message | None:
            for message in reversed(self.messages(chat_id)):
                fits = matches in message.words if isinstance(matches, str) else matches(message)
                if message.from_bot and fits:
                    return message
            return None

        message = await self.wait_for(found, timeout)
        assert message is not None  # wait_for answers truthy values only
        return message

    def block(self, person_id: int) -> None:
        """The person blocks the bot, which is told by my_chat_member."""
        self._set_blocked(person_id, True)

    def unblock(self, person_id: int) -> None:
        self._set_blocked(person_id, False)

    def _set_blocked(self, person_id: int, blocked: bool) -> None:
        chat = self.chats.open_private(self.person(person_id))
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        self.chats.keep(chat)
        member: Json = {"status": "member", "user": self.me}
        kicked: Json = {"status": "kicked", "user": self.me, "until_date": 0}
        old, new = (member, kicked) if blocked else (kicked, member)
        body: Json = {
            "chat": chat.api(),
            "from": self.person(person_id).api(),
            "date": int(self._wall()),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        self.updates.add("my_chat_member", body)
