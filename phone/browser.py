"""The page's door: its files, its pictures, and a WebSocket that carries the conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import ClientError, WSMsgType, web

from phone.events import Event
from phone.people import Person
from phone.refusal import Misuse
from phone.shapes import Json

if TYPE_CHECKING:
    from phone.phone import Phone

PAGE = Path(__file__).parent / "page"
CLOCK_LOOK = 0.5  # seconds between looks at the market clock, which tells nobody by itself
CLOCK_ACTS = ("pause", "resume", "step", "faster", "slower")


@dataclass(slots=True, eq=False)
class Line:
    """One open page: who holds it and what still has to be shown there."""

    person: Person
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def push(self, kind: str, body: Json) -> None:
        self.outgoing.put_nowait(json.dumps({"kind": kind, **body}))


class Browser:
    """Serves the page and keeps every open one up to date."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._lines: set[Line] = set()
        self._sockets: set[web.WebSocketResponse] = set()
        phone.events.listeners.append(self._told)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self.index)
        router.add_static("/page/", PAGE)
        router.add_get("/media/{file_id}", self.media)
        router.add_get("/socket", self.socket)

    async def index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def media(self, request: web.Request) -> web.StreamResponse:
        """A picture to show or a document to save."""
        stored = self._phone.files.find(request.match_info["file_id"])
        data = self._phone.files.bytes_of(stored) if stored else None
        if stored is None or data is None:
            raise web.HTTPNotFound
        if stored.kind == "photo":
            headers = {"Cache-Control": "private, max-age=31536000, immutable"}
            return web.Response(body=data, content_type=stored.mime, headers=headers)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name)}"}
        return web.Response(body=data, content_type="application/octet-stream", headers=headers)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """One page's connection: the whole state first, then every change."""
        person = self._phone.holder(request.query.get("as", ""))
        socket = web.WebSocketResponse(heartbeat=20, compress=False)
        await socket.prepare(request)
        line = Line(person)
        self._lines.add(line)
        self._sockets.add(socket)
        try:
            await self._talk(socket, line)
        finally:
            self._lines.discard(line)
            self._sockets.discard(socket)
        return socket

    async def close(self) -> None:
        """Ends every page's connection; pages come back by themselves."""
        for socket in tuple(self._sockets):
            await socket.close()

    async def _talk(self, socket: web.WebSocketResponse, line: Line) -> None:
        line.push("state", self._state(line.person))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._write(socket, line))]
            if self._phone.clock is not None:
                tasks.append(group.create_task(self._watch_clock(line)))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._heard(line, message.data)
            for task in tasks:
                task.cancel()

    async def _write(self, socket: web.WebSocketResponse, line: Line) -> None:
        with suppress(ClientError, ConnectionError):  # the page closed; the reader ends too
            while True:
                await socket.send_str(await line.outgoing.get())

    async def _watch_clock(self, line: Line) -> None:
        shown: Json = {}
        while self._phone.clock is not None:
            state = await self._phone.clock.state()
            if state != shown:
                line.push("clock", {"clock": state})
                shown = state
            await asyncio.sleep(CLOCK_LOOK)

    async def _heard(self, line: Line, text: str) -> None:
        """What a page asks for; a wrong wish is told to that page alone."""
        acts: dict[str, Callable[[Line, Json], Awaitable[None]]] = {
            "say": self._say,
            "press": self._press,
            "clock": self._turn_clock,
            "block": self._block,
        }
        try:
            wish = json.loads(text)
            await acts[wish["do"]](line, wish)
        except Misuse as misuse:
            line.push("refused", {"text": str(misuse)})
        except (ValueError, KeyError, TypeError):
            line.push("refused", {"text": "The page asked for something this phone has not."})

    async def _say(self, line: Line, wish: Json) -> None:
        self._phone.say(line.person.id, str(wish["text"]))

    async def _press(self, line: Line, wish: Json) -> None:
        me = line.person.id
        message_id, data = int(wish["message_id"]), str(wish["data"])
        try:
            press = self._phone.press(me, me, message_id, data)
        except Misuse:
            line.push("pressed", {"ref": wish["ref"], "id": None})
            raise
        line.push("pressed", {"ref": wish["ref"], "id": press.id})

    async def _block(self, line: Line, wish: Json) -> None:
        if wish["on"]:
            self._phone.block(line.person.id)
        else:
            self._phone.unblock(line.person.id)

    async def _turn_clock(self, line: Line, wish: Json) -> None:
        clock = self._phone.clock
        if clock is None or wish["act"] not in CLOCK_ACTS:
            raise Misuse("There is no market clock to turn.")
        await getattr(clock, wish["act"])()
        for other in self._lines:
            other.push("clock", {"clock": await clock.state()})

    def _state(self, person: Person) -> Json:
        chat = self._phone.chats.get(person.id)
        return {
            "bot": self._phone.me,
            "me": {"id": person.id, "name": person.name},
            "several": len(self._phone.operators) > 1 or person not in self._phone.operators,
            "commands": self._phone.commands.shown_to(person.id),
            "messages": [message.row() for message in self._phone.messages(person.id)],
            "pinned": chat.pinned if chat else [],
            "blocked": bool(chat and chat.blocked),
            "clock": self._phone.clock is not None,
        }

    def _told(self, event: Event) -> None:
        for line in self._lines:
            if event.kind == "commands":
                line.push("commands", {"commands": self._phone.commands.shown_to(line.person.id)})
            elif event.kind == "answered":
                if event.body["person"] == line.person.id:
                    line.push("answered", event.body)
            elif event.chat_id == line.person.id:
                line.push(event.kind, {"body": event.body})
