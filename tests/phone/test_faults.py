"""The nastiness, each kind of it, as aiogram meets it."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from phone import Misuse, Phone
from tests.phone.conftest import TOKEN, Wall


async def test_flood_says_when_to_come_back(phone: Phone, bot: Bot) -> None:
    phone.faults.flood(2, retry_after=7)
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter, match="Too Many Requests: retry after 7") as flood:
            await bot.send_message(7, "x")
        assert flood.value.retry_after == 7
    assert await bot.send_message(7, "x")
    assert [m.text for m in phone.messages(7)] == ["x"]


async def test_a_fault_may_wait_for_one_method(phone: Phone, bot: Bot) -> None:
    phone.faults.fail(method="sendPhoto")
    phone.faults.fail()
    assert await bot.get_updates() == []  # a poll meets only faults that name it
    with pytest.raises(TelegramServerError, match="Bad Gateway"):
        await bot.send_message(7, "x")
    assert await bot.send_message(7, "x")
    assert phone.faults.waiting == 1
    phone.faults.clear()
    assert phone.faults.waiting == 0


async def test_a_dropped_call_is_not_carried_out(phone: Phone, bot: Bot) -> None:
    phone.faults.drop()
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "x")
    assert phone.messages(7) == []


async def test_a_lost_reply_is_carried_out(phone: Phone, bot: Bot) -> None:
    phone.faults.lose_reply()
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "x")
    assert [m.text for m in phone.messages(7)] == ["x"]
    assert [call.outcome for call in phone.calls] == ["ok, reply lost"]


async def test_a_delay_outlasts_the_clients_patience(phone: Phone, bot: Bot) -> None:
    phone.faults.delay(0.2)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(7, "x", request_timeout=0.05)  # type: ignore[arg-type]
    message = await phone.message(7, "x")
    assert message.message_id == 1


async def test_away_means_nobody_answers(phone: Phone, bot: Bot) -> None:
    poll = asyncio.ensure_future(bot.get_updates(timeout=30))
    while not phone.updates.is_polled:
        await asyncio.sleep(0)
    phone.faults.go_away()
    with pytest.raises(TelegramNetworkError):
        await poll
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "x")
    phone.say(7, "said meanwhile")
    phone.faults.come_back()
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "said meanwhile"


async def test_an_update_comes_again_after_its_offset(phone: Phone, bot: Bot) -> None:
    update_id = phone.say(7, "/approve")
    await bot.get_updates(offset=update_id + 1)
    phone.faults.redeliver(update_id)
    assert [u.update_id for u in await bot.get_updates(offset=update_id + 1)] == [update_id]
    assert await bot.get_updates(offset=update_id + 1) == []
    with pytest.raises(Misuse):
        phone.faults.redeliver(1)


async def test_poison_blocks_a_bot_that_parses_it_whole(phone: Phone, bot: Bot) -> None:
    poison = phone.faults.inject({"message": {"message_id": "\ud83d", "chat": None}})
    phone.say(7, "/squareoff")
    with pytest.raises(ClientDecodeError):
        await bot.get_updates()
    url = f"{phone.api_base}/bot{TOKEN}/getUpdates"
    async with aiohttp.ClientSession() as web, web.get(url) as reply:
        raw = (await reply.json())["result"]
    assert [update["update_id"] for update in raw] == [poison, poison + 1]


async def test_ids_that_restart_lower_still_arrive(phone: Phone, bot: Bot) -> None:
    update_id = phone.say(7, "before the idle week")
    await bot.get_updates(offset=update_id + 1)
    phone.faults.renumber(1000)
    phone.say(7, "after it")
    assert [u.update_id for u in await bot.get_updates(offset=update_id + 1)] == [1000]
    assert await bot.get_updates(offset=1001) == []


async def test_the_rate_limiter_knows_chats_and_time(phone: Phone, bot: Bot, wall: Wall) -> None:
    phone.faults.limits.turn_on(per_chat=1, burst=3, overall=5)
    for _ in range(3):
        await bot.send_message(7, "x")
    with pytest.raises(TelegramRetryAfter) as flood:
        await bot.send_message(7, "x")
    assert flood.value.retry_after == 1
    await bot.send_message(8, "x")
    wall.now += 1
    await bot.send_message(7, "x")
    assert await bot.get_me()
    wall.now += 0.01
    for _ in range(3):
        await bot.send_message(8, "x")
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(8, "x")
    phone.faults.limits.turn_off()
    assert await bot.send_message(8, "x")


async def test_everything_can_be_asked_over_http(phone: Phone, bot: Bot) -> None:
    async with aiohttp.ClientSession(phone.url) as web:

        async def act(name: str, **arguments: object) -> dict[str, object]:
            async with web.post(f"/control/{name}", json=arguments) as reply:
                answer: dict[str, object] = await reply.json()
                return answer | {"status": reply.status}

        await act("flood", count=1, retry_after=2, method="sendMessage")
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(7, "x")
        await bot.send_message(7, "x")
        said = await act("say", person_id=7, text="/pnl")
        pressed = await act("press", person_id=7, chat_id=7, message_id=1, callback_data="d")
        assert await bot.answer_callback_query(str(pressed["query_id"]))
        await act("inject", update_id=5, junk=True)
        assert [u["update_id"] for u in phone.updates.pending][::2] == [said["update_id"], 5]
        await act("block", person_id=7)
        with pytest.raises(TelegramForbiddenError):
            await bot.send_message(7, "x")
        await act("unblock", person_id=7)
        await act("limits", burst=1)
        await bot.send_message(7, "x")
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(7, "x")
        await act("limits", on=False)
        await act("away")
        with pytest.raises(TelegramNetworkError):
            await bot.get_me()
        await act("clear")
        for name in ("drop", "lose-reply", "fail"):
            await act(name, method="getMe")
            with pytest.raises((TelegramNetworkError, TelegramServerError)):
                await bot.get_me()
        await act("delay", seconds=0)
        await act("group", chat_id=-3, title="Wardroom", members=[7])
        assert (await bot.get_chat(-3)).title == "Wardroom"
        assert (await act("nonsense"))["status"] == 404
        assert (await act("flood", wrong=1))["status"] == 400
        async with web.post("/control/away", data="{}") as reply:
            assert reply.status == 415
        async with web.get("/control/messages/7") as reply:
            assert [m["text"] for m in (await reply.json())["messages"]] == ["x", "/pnl", "x"]
        async with web.get("/control/calls") as reply:
            assert "429" in (await reply.json())["calls"][0]["outcome"]
        async with web.get("/control/updates") as reply:
            assert (await reply.json())["polled"] is False


async def test_other_sites_are_kept_out(phone: Phone) -> None:
    async with aiohttp.ClientSession(phone.url) as web:
        for headers in (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            async with web.post("/control/away", json={}, headers=headers) as reply:
                assert reply.status == 403
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await web.ws_connect("/socket", headers=headers)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await web.ws_connect("/socket")
        async with web.get("/") as reply:
            assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        for path in ("/page/../phone.py", "/page/%2e%2e/phone.py", "/media/nothing"):
            async with web.get(path) as reply:
                assert reply.status in (403, 404)
    assert not phone.faults.is_away
    with pytest.raises(Misuse):
        await phone.start(host="0.0.0.0")


async def test_a_refusal_is_no_reason_to_stop(phone: Phone, bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest):
        await bot.send_message(7, "")
    began = time.perf_counter()
    await phone.stop()
    assert time.perf_counter() - began < 1
