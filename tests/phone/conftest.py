"""A phone per test, and real aiogram bots talking to it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from phone import Person, Phone

TOKEN = "4242:a-token-for-nobody"
NELSON = Person(7, "Nelson", "nelson")
HARDY = Person(8, "Hardy")


class Wall:
    """Wall time that moves when told."""

    def __init__(self) -> None:
        self.now = 1_770_000_000.0

    def __call__(self) -> float:
        return self.now


class QuickSession(AiohttpSession):
    """aiogram's session without its quarter second of TLS courtesy at the end."""

    async def close(self) -> None:
        if self._session is not None and not self._session.closed:
            await self._session.close()


def png(width: int = 4, height: int = 3) -> bytes:
    """A true PNG of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def open_bot(phone: Phone, token: str = TOKEN) -> Bot:
    return Bot(token, session=QuickSession(api=TelegramAPIServer.from_base(phone.api_base)))


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def phone(wall: Wall) -> AsyncIterator[Phone]:
    phone = Phone(None, TOKEN, [NELSON, HARDY], wall=wall)
    await phone.start()
    yield phone
    await phone.stop()


@pytest.fixture
async def bot(phone: Phone) -> AsyncIterator[Bot]:
    async with open_bot(phone) as bot:
        yield bot


class Restart(Protocol):
    async def __call__(self, port: int = 0) -> Phone: ...


@pytest.fixture
async def restart(tmp_path: Path, wall: Wall) -> AsyncIterator[Restart]:
    """Starts a phone on one folder; again stops it and starts the next on what it left."""
    phones: list[Phone] = []

    async def again(port: int = 0) -> Phone:
        if phones:
            await phones[-1].stop()
        phones.append(Phone(tmp_path / "phone", TOKEN, [NELSON, HARDY], wall=wall))
        await phones[-1].start(port=port)
        return phones[-1]

    yield again
    if phones:
        await phones[-1].stop()
