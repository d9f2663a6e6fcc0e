"""The page in a real browser: type, press, see the edit, open a photo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect

from phone import Phone
from tests.phone.conftest import Restart, open_bot, png

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CARD = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text="Approve", callback_data="yes", style="success")],
        [InlineKeyboardButton(text="Why?", callback_data="why")],
    ]
)


def is_fault(said: ConsoleMessage) -> bool:
    """Whether the page complains of itself; a lost connection is the browser's own remark."""
    return said.type == "error" and "WebSocket" not in said.text


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 360, "height": 740})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if is_fault(said) else None)
        yield page
        await browser.close()
        assert faults == []


async def test_a_signal_is_approved_on_the_page(phone: Phone, bot: Bot, page: Page) -> None:
    await bot.set_my_commands(
        [
            BotCommand(command="status", description="How the desk stands"),
            BotCommand(command="signals", description="What waits for a decision"),
        ]
    )
    await page.goto(phone.url)
    await page.get_by_test_id("words").press_sequentially("/si")
    await expect(page.get_by_test_id("completion")).to_have_count(1)
    await page.get_by_test_id("words").press("Enter")
    (update,) = await bot.get_updates(timeout=5)
    assert update.message is not None
    assert update.message.text == "/signals"

    hostile = "<img src=x onerror=alert(1)> BUY AAPL"
    await bot.send_photo(
        7, BufferedInputFile(png(320, 200), "c.png"), caption=hostile, reply_markup=CARD
    )
    card = page.locator("[data-message-id='2']")
    await expect(card.get_by_test_id("words-of-message")).to_have_text(hostile)
    approve = card.locator("[data-button-text=Approve]")
    await approve.click()
    (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=5)
    query = update.callback_query
    assert query is not None
    assert query.data == "yes"
    await expect(approve).to_have_attribute("aria-busy", "true")
    await bot.answer_callback_query(query.id, "Approved")
    await expect(page.get_by_test_id("toast")).to_have_text("Approved")
    await expect(approve).to_have_attribute("aria-busy", "false")
    await bot.edit_message_caption(chat_id=7, message_id=2, caption="Approved by Nelson")
    await expect(card.get_by_test_id("words-of-message")).to_have_text("Approved by Nelson")
    await expect(card.locator(".edited")).to_be_visible()
    await expect(card.locator("[data-button-text]")).to_have_count(0)

    await card.get_by_test_id("photo").click()
    await expect(page.get_by_test_id("viewer-photo")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("viewer")).to_be_hidden()

    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide == 360
    await page.goto(f"{phone.url}/?as=8")
    await expect(page.get_by_test_id("me")).to_have_text("Hardy")
    await page.get_by_test_id("start").click()
    (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=5)
    assert update.message is not None
    assert update.message.chat.id == 8


async def test_a_page_comes_back_after_a_restart(restart: Restart, page: Page) -> None:
    phone = await restart()
    port = int(phone.url.rpartition(":")[2])
    async with open_bot(phone) as bot:
        for number in range(40):
            await bot.send_message(7, f"message {number}")
    await page.goto(phone.url)
    await expect(page.get_by_test_id("message")).to_have_count(40)
    await page.get_by_test_id("scroll").evaluate("scroll => scroll.scrollTo(0, 0)")
    await expect(page.get_by_test_id("pill")).to_be_visible()
    await phone.stop()
    await expect(page.get_by_test_id("banner")).to_be_visible()
    phone = await restart(port)
    await expect(page.get_by_test_id("banner")).to_be_hidden()
    async with open_bot(phone) as bot:
        await bot.send_message(7, "after the restart")
    await expect(page.get_by_test_id("pill")).to_have_text("1 new message")
    assert await page.get_by_test_id("scroll").evaluate("scroll => scroll.scrollTop") == 0
    await page.get_by_test_id("pill").click()
    await expect(page.get_by_text("after the restart")).to_be_in_viewport()
    await expect(page.get_by_test_id("pill")).to_be_hidden()
