"""`/control/…`: the hand and the nastiness over HTTP, for trials in other processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from phone.refusal import Misuse
from phone.shapes import Json

if TYPE_CHECKING:
    from phone.phone import Phone

Act = Callable[[Json], Any]


class Control:
    """POST `/control/{act}` with a JSON body of the act's arguments; GET reads."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        faults = phone.faults
        self._acts: dict[str, Act] = {
            "flood": lambda a: faults.flood(**a),
            "fail": lambda a: faults.fail(**a),
            "drop": lambda a: faults.drop(**a),
            "delay": lambda a: faults.delay(**a),
            "lose-reply": lambda a: faults.lose_reply(**a),
            "away": lambda a: faults.go_away(**a),
            "back": lambda a: faults.come_back(**a),
            "clear": lambda a: faults.clear(**a),
            "limits": self._limits,
            "block": lambda a: phone.block(**a),
            "unblock": lambda a: phone.unblock(**a),
            "redeliver": lambda a: faults.redeliver(**a),
            "renumber": lambda a: faults.renumber(**a),
            "inject": lambda a: {"update_id": faults.inject(a)},
            "say": lambda a: {"update_id": phone.say(**a)},
            "press": lambda a: {"query_id": phone.press(**a).id},
            "group": self._group,
        }

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/control/{act}", self.act)
        router.add_get("/control/messages/{chat_id:-?\\d+}", self.messages)
        router.add_get("/control/updates", self.updates)
        router.add_get("/control/calls", self.calls)

    async def act(self, request: web.Request) -> web.Response:
        """Does one thing; 400 says what was wrong with the wish."""
        act = self._acts.get(request.match_info["act"])
        if act is None:
            return _answer({"error": f"acts: {', '.join(sorted(self._acts))}"}, 404)
        if request.content_type != "application/json":  # what no foreign form can send
            return _answer({"error": "send application/json"}, 415)
        try:
            arguments = json.loads(await request.text() or "{}")
            result = act(arguments)
        except (Misuse, TypeError, ValueError) as error:
            return _answer({"error": str(error)}, 400)
        return _answer({"ok": True} | (result or {}), 200)

    async def messages(self, request: web.Request) -> web.Response:
        chat_id = int(request.match_info["chat_id"])
        return _answer({"messages": [m.row() for m in self._phone.messages(chat_id)]}, 200)

    async def updates(self, request: web.Request) -> web.Response:
        return _answer(
            {"pending": self._phone.updates.pending, "polled": self._phone.updates.is_polled},
            200,
        )

    async def calls(self, request: web.Request) -> web.Response:
        calls = [
            {"method": call.method, "arguments": call.arguments, "outcome": call.outcome}
            for call in self._phone.calls
        ]
        return _answer({"calls": calls}, 200)

    def _limits(self, arguments: Json) -> None:
        if arguments.pop("on", True):
            self._phone.faults.limits.turn_on(**arguments)
        else:
            self._phone.faults.limits.turn_off()

    def _group(self, arguments: Json) -> None:
        self._phone.chats.open_group(**arguments)


def _answer(body: Json, status: int) -> web.Response:
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")
