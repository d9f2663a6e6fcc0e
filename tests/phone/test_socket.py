"""What a page is told over its socket, and what it may ask for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram import Bot

from phone import Person, Phone
from tests.phone.conftest import NELSON, TOKEN, Wall


class Turned:
    """A market clock that notes which way it was turned."""

    def __init__(self) -> None:
        self.status = "running"
        self.turns: list[str] = []

    async def state(self) -> dict[str, Any]:
        label = "Tue 3 Feb 2026 16:05 New York"
        return {"label": label, "status": self.status, "reason": "", "seconds_per_day": 12.0}

    async def pause(self) -> None:
        self.status = "paused"
        self.turns.append("pause")

    async def resume(self) -> None:
        self.turns.append("resume")

    async def step(self) -> None:
        self.turns.append("step")

    async def faster(self) -> None:
        self.turns.append("faster")

    async def slower(self) -> None:
        self.turns.append("slower")


class Hand:
    """A page without a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hears(self, kind: str) -> dict[str, Any]:
        """The next message of this kind."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=5))
            if message["kind"] == kind:
                return message

    async def asks(self, **wish: object) -> None:
        await self.socket.send_str(json.dumps(wish))


@pytest.fixture
async def web(phone: Phone) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(phone.url, headers={"Origin": phone.url}) as web:
        yield web


async def test_a_page_starts_with_everything(
    phone: Phone, bot: Bot, web: aiohttp.ClientSession
) -> None:
    await bot.send_message(7, "before")
    async with web.ws_connect("/socket") as socket:
        state = await Hand(socket).hears("state")
    assert (state["me"]["name"], state["several"], state["clock"]) == ("Nelson", True, False)
    assert [message["text"] for message in state["messages"]] == ["before"]


async def test_each_page_sees_its_own_chat(
    phone: Phone, bot: Bot, web: aiohttp.ClientSession
) -> None:
    async with web.ws_connect("/socket") as one, web.ws_connect("/socket?as=8") as other:
        nelson, hardy = Hand(one), Hand(other)
        await hardy.hears("state")
        await bot.send_message(7, "for Nelson")
        await bot.send_message(8, "for Hardy")
        assert (await hardy.hears("message"))["body"]["text"] == "for Hardy"
        assert (await nelson.hears("message"))["body"]["text"] == "for Nelson"


async def test_a_press_on_what_is_gone_is_told_to_the_presser(
    phone: Phone, web: aiohttp.ClientSession
) -> None:
    async with web.ws_connect("/socket") as socket:
        hand = Hand(socket)
        await hand.asks(do="press", ref=1, message_id=99, data="x")
        assert (await hand.hears("pressed"))["id"] is None
        assert (await hand.hears("refused"))["text"] == "That message is gone."
        await hand.asks(do="dance")
        await hand.hears("refused")
        await hand.asks(do="block", on=True)
        assert (await hand.hears("chat"))["body"]["blocked"] is True
        await hand.asks(do="say", text="x")
        assert "blocked" in (await hand.hears("refused"))["text"]
        await hand.asks(do="block", on=False)
        await hand.asks(do="say", text="hello")
        assert (await hand.hears("message"))["body"]["sender"]["id"] == NELSON.id


async def test_the_page_turns_the_market_clock(wall: Wall) -> None:
    clock = Turned()
    phone = Phone(None, TOKEN, [Person(7, "Nelson")], clock=clock, wall=wall)
    await phone.start()
    headers = {"Origin": phone.url}
    async with (
        aiohttp.ClientSession(phone.url, headers=headers) as web,
        web.ws_connect("/socket") as socket,
    ):
        hand = Hand(socket)
        assert (await hand.hears("state"))["several"] is False
        assert (await hand.hears("clock"))["clock"]["status"] == "running"
        for act in ("pause", "resume", "step", "faster", "slower", "state"):
            await hand.asks(do="clock", act=act)
        while (await hand.hears("clock"))["clock"]["status"] != "paused":
            pass
        await hand.hears("refused")
    await phone.stop()
    assert clock.turns == ["pause", "resume", "step", "faster", "slower"]
