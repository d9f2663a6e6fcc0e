"""The Bot API's door: token, faults, limits, then the method."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import deque
from typing import Any

from aiohttp import web

from phone.calls import Call, read_call
from phone.faults import Fault, Faults
from phone.files import Files
from phone.methods import Methods
from phone.refusal import Refusal
from phone.shapes import Json
from phone.updates import Gone

REMEMBERED_CALLS = 2000


class BotApi:
    """Answers `/bot{token}/{method}` and `/file/bot{token}/{path}`."""

    def __init__(self, token: str, methods: Methods, files: Files, faults: Faults) -> None:
        self._token = token
        self._methods = methods
        self._files = files
        self._faults = faults
        self.calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/bot{token}/{method}", self.call)
        router.add_get("/file/bot{token}/{path:.+}", self.download)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call, through whatever weather there is."""
        try:
            call = await read_call(request, request.match_info["method"])
        except Refusal as refusal:
            return _reply(refusal.body(), refusal.code)
        self.calls.append(call)
        fault = None if self._faults.is_away else self._faults.strike(call.method)
        if self._faults.is_away or (fault and fault.drop):
            call.outcome = "dropped"
            return _hang_up(request)
        try:
            body, status = await self._outcome(request, call, fault)
        except Gone:
            call.outcome = "dropped"
            return _hang_up(request)
        if (fault and fault.lose_reply) or self._faults.is_away:
            call.outcome = f"{call.outcome}, reply lost"
            return _hang_up(request)
        return _reply(body, status)

    async def _outcome(
        self, request: web.Request, call: Call, fault: Fault | None
    ) -> tuple[Json, int]:
        try:
            result = await self._carried_out(request, call, fault)
        except Refusal as refusal:
            call.outcome = f"{refusal.code} {refusal.description}"
            return refusal.body(), refusal.code
        call.outcome = "ok"
        return {"ok": True, "result": result}, 200

    async def _carried_out(self, request: web.Request, call: Call, fault: Fault | None) -> Any:
        if not self._is_ours(request):
            raise Refusal(401, "Unauthorized")
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault and fault.refusal:
            raise fault.refusal
        self._faults.limits.spend(call.method, call.text("chat_id"))
        return await self._methods.carry_out(call)

    def _is_ours(self, request: web.Request) -> bool:
        token = request.match_info["token"].encode()
        return hmac.compare_digest(token, self._token.encode())

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes behind a getFile path."""
        if self._faults.is_away:
            return _hang_up(request)
        if not self._is_ours(request):
            return _reply(Refusal(401, "Unauthorized").body(), 401)
        stored = self._files.at_path(request.match_info["path"])
        data = self._files.bytes_of(stored) if stored else None
        if data is None:
            return _reply(Refusal(404, "Not Found").body(), 404)
        return web.Response(body=data, content_type="application/octet-stream")


def _reply(body: Json, status: int) -> web.Response:
    # ASCII JSON, so that a poisonous lone surrogate travels as an escape
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
