"""One Bot API call: its method and arguments, however the client wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from phone.refusal import Refusal, bad_request
from phone.shapes import Json

MAX_BODY = 50 * 1024 * 1024  # bytes, Telegram's limit for an upload


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call."""

    name: str
    data: bytes


@dataclass(slots=True)
class Call:
    """A method and its arguments; readers refuse arguments of the wrong shape."""

    method: str
    arguments: Json = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    outcome: str = ""  # "ok", or the refusal's code and description

    def text(self, name: str) -> str:
        """An argument as text, "" when missing."""
        value = self.arguments.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, otherwise: int = 0) -> int:
        """An argument as an integer; Telegram reads what is not one as the default."""
        text = self.text(name)
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() else otherwise

    def flag(self, name: str) -> bool:
        """An argument as yes or no."""
        return self.text(name).lower() in ("true", "yes", "1")

    def json(self, name: str) -> Any:
        """An argument as JSON, whether sent as text or inside a JSON body; None when missing."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def upload(self, field_name: str, source: str) -> Upload | None:
        """The file an argument means: `attach://key`, or the field of that name itself."""
        if source.startswith("attach://"):
            return self.uploads.get(source.removeprefix("attach://"))
        return None if source else self.uploads.get(field_name)


async def read_call(request: web.Request, method: str) -> Call:
    """The call in a request: query, JSON, urlencoded or multipart."""
    call = Call(method, dict(request.query))
    if request.content_type == "application/json":
        try:
            body = json.loads(await _body(request) or b"{}")
        except ValueError as error:
            raise bad_request("can't parse JSON object") from error
        if not isinstance(body, dict):
            raise bad_request("expected a JSON object")
        call.arguments |= body
    elif request.content_type == "multipart/form-data":
        await _read_parts(request, call)
    elif request.content_type == "application/x-www-form-urlencoded":
        call.arguments |= dict(await request.post())
    return call


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large() from error


async def _read_parts(request: web.Request, call: Call) -> None:
    size = 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise bad_request("can't parse multipart body")
        data = bytearray()
        while chunk := await part.read_chunk(65536):
            size += len(chunk)
            if size > MAX_BODY:
                raise _too_large()
            data += chunk
        if part.filename is not None:
            call.uploads[part.name] = Upload(part.filename, bytes(data))
        else:
            call.arguments[part.name] = _decoded(bytes(data))


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise bad_request("strings must be encoded in UTF-8") from error


def _too_large() -> Refusal:
    return Refusal(413, "Request Entity Too Large")
