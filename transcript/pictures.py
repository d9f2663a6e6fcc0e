"""The README's pictures: `python -m transcript.pictures FOLDER` plays its script and photographs
the phone's page where that says so. Needs playwright and Chromium (`make pictures`)."""

import asyncio
import io
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, async_playwright

from charts.drawing import REPORT
from charts.paper import A4
from charts.report import compose
from charts.specs import ReportSpec
from trading.errors import ConfigError, QuarterdeckError
from trading.facts import Picture
from transcript.files import write_transcript
from transcript.house import House, StepFailed
from transcript.script import Step
from transcript.shots import SHOTS, STRATEGIES, names

WIDTH, HEIGHT, SCALE = 360, 740, 2  # CSS pixels of a phone, and device pixels to each
LOWEST, HIGHEST = 400, 1100  # CSS pixels of a picture
AROUND = 166  # of the page's own above and below a message
LARGEST = 150_000  # bytes of one picture
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PATIENCE = 300.0  # seconds a step may take
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

        async def camera(house: House, step: Step, number: int) -> None:
            drawn = await (_pages(house, step) if step.pages else _shot(page, house.url, number))
            for name, png in zip(names(step), drawn, strict=True):
                (folder / name).write_bytes(smaller(png))
                taken.append(folder / name)

        with tempfile.TemporaryDirectory(prefix="quarterdeck-") as beside:
            script = [replace(step, within=PATIENCE) for step in SHOTS]
            await write_transcript(Path(beside) / "chat", script, camera, STRATEGIES)
        await browser.close()
    return taken


async def _pages(house: House, step: Step) -> list[bytes]:
    """The first pages of the newest report, drawn as its PDF is."""
    drawn = await house.journal.first(Picture, kind=REPORT, order="-id")
    assert drawn is not None
    document = compose(ReportSpec.from_json(drawn.spec), A4.as_wide(WIDTH * SCALE))
    return [page.png() for page in document.pages[: step.pages]]


async def _shot(page: Page, url: str, number: int) -> list[bytes]:
    """The page with that message at its top, as high as the message and its buttons want."""
    await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    await page.goto(url)
    # The way down to the newest message would lie on the buttons.
    await page.locator("#pill").evaluate("(pill) => (pill.style.display = 'none')")
    message = page.locator(f"[data-message-id='{number}']")
    await message.wait_for()
    for image in await message.locator("img").all():
        await image.evaluate("(one) => one.decode()")
    box = await message.bounding_box()
    assert box is not None
    height = min(max(round(box["height"]) + AROUND, LOWEST), HIGHEST)
    await page.set_viewport_size({"width": WIDTH, "height": height})
    await message.evaluate("(one) => one.scrollIntoView({block: 'start'})")
    await page.wait_for_timeout(SETTLES)
    return [await page.screenshot()]


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
