"""The README's pictures: `python -m transcript.pictures FOLDER` plays the script and photographs
the phone's page where the script says so. Needs playwright and Chromium (`make pictures`)."""

import asyncio
import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, async_playwright

from trading.errors import ConfigError, QuarterdeckError
from transcript.files import write_transcript
from transcript.house import StepFailed
from transcript.script import SCRIPT, Step

WIDTH, HEIGHT, SCALE = 360, 740, 2  # CSS pixels of a phone, and device pixels to each
LARGEST = 150_000  # bytes of one picture
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SETTLES = 500  # ms: the page's own scrolling


async def take(folder: Path) -> list[Path]:
    """Every shot of the script as a PNG in the folder. Raises ConfigError without Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise ConfigError("no chromium on PATH: apt-get install chromium")
    taken: list[Path] = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        page = await browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=SCALE,
            color_scheme="dark",
        )

        async def camera(url: str, name: str, number: int) -> None:
            path = folder / f"{name}.png"
            path.write_bytes(smaller(await _shot(page, url, number)))
            taken.append(path)

        with tempfile.TemporaryDirectory(prefix="quarterdeck-") as beside:
            await write_transcript(Path(beside) / "chat", _up_to_last_shot(), camera)
        await browser.close()
    return taken


def _up_to_last_shot() -> tuple[Step, ...]:
    last = max(number for number, step in enumerate(SCRIPT) if step.shot)
    return SCRIPT[: last + 1]


async def _shot(page: Page, url: str, number: int) -> bytes:
    """The page with that message at its top, as far as the chat goes down."""
    await page.goto(url)
    # The way down to the newest message would lie on the buttons.
    await page.locator("#pill").evaluate("(pill) => (pill.style.display = 'none')")
    message = page.locator(f"[data-message-id='{number}']")
    await message.locator("img").wait_for()
    await message.evaluate("(one) => one.querySelector('img').decode()")
    await message.evaluate("(one) => one.scrollIntoView({block: 'start'})")
    await page.wait_for_timeout(SETTLES)
    return await page.screenshot()


def smaller(png: bytes) -> bytes:
    """The same picture in 256 colours or fewer, as few as its size wants. Raises StepFailed where
    it stays too large."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64):
        out = io.BytesIO()
        picture.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() <= LARGEST:
            return out.getvalue()
    raise StepFailed(f"a picture has {out.tell()} bytes in {colours} colours; {LARGEST} is most")


if __name__ == "__main__":
    to = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    to.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(take(to))
    except QuarterdeckError as error:
        sys.exit(f"pictures: {error}")
