"""The demo as its user meets it: one command, one page, one signal approved and filled."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.flows.ship import Ship

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000  # ms; six processes start on whatever machine this is


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        why = "no chromium on PATH: apt-get install chromium"
        if os.environ.get("NEEDS_CHROMIUM") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = await browser.new_page(
            viewport={"width": 360, "height": 740}, device_scale_factor=2, color_scheme="dark"
        )
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        await browser.close()
        assert faults == []


@pytest.fixture
async def ship(tmp_path: Path) -> AsyncIterator[Ship]:
    ship = Ship(tmp_path / "data")
    yield ship
    await ship.scuttle()


@pytest.mark.timeout(240)
async def test_a_signal_is_approved_and_filled_in_a_browser(ship: Ship, page: Page):
    await ship.start()
    await page.goto(ship.url)
    approve = page.locator("[data-button-text=Approve]")
    await expect(approve.first).to_be_visible(timeout=PATIENCE)
    first = page.locator("[data-testid=message]").filter(has=approve).first
    number = await first.get_attribute("data-message-id")
    card = page.locator(f"[data-message-id='{number}']")
    image = card.locator("img")
    await expect(image).to_be_visible(timeout=PATIENCE)
    before = await image.get_attribute("src")
    await card.locator("[data-button-text=Approve]").scroll_into_view_if_needed()

    while await approve.count():
        waiting = await approve.count()
        await approve.first.click()
        await expect(approve).to_have_count(waiting - 1, timeout=PATIENCE)
    text = card.get_by_test_id("words-of-message")
    await expect(text).to_contain_text("Approved by you")
    await expect(text).to_contain_text("Filled", timeout=PATIENCE)
    await expect(image).not_to_have_attribute("src", str(before), timeout=PATIENCE)
    await expect(card.locator("[data-button-text=Withdraw]")).to_have_count(0)

    await page.get_by_test_id("words").fill("/pnl")
    await page.get_by_test_id("words").press("Enter")
    answer = page.locator("[data-testid=message]").filter(
        has=page.locator("[data-button-text=YTD]")
    )
    await expect(answer.last.get_by_test_id("photo")).to_be_visible(timeout=PATIENCE)
    await expect(answer.last).to_contain_text("broker agrees")
    await answer.last.scroll_into_view_if_needed()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert await page.evaluate(
        "Math.max(...[...document.querySelectorAll('.bubble')]"
        ".map(bubble => bubble.getBoundingClientRect().right)) <= 360"
    )

    crew = ship.crew()
    assert set(crew) == {"redis", "phone", "paper", "bot", "fast", "heavy", "draw"}
    filled = await text.inner_text()
    assert await ship.stop() == 0, ship.said
    assert ship.said[-1] == "Stopped."
    _, alive = psutil.wait_procs(crew.values(), timeout=2)
    assert alive == []

    await ship.start()
    assert any("Going on from where the last demo stopped" in line for line in ship.said)
    await page.goto(ship.url)
    await expect(card.get_by_test_id("words-of-message")).to_contain_text(filled.split("\n")[0])
    assert await ship.stop() == 0
