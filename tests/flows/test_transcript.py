"""`quarterdeck demo --transcript`: the real processes, a scripted conversation, its files."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Literal

import psutil
import pytest
from playwright.async_api import async_playwright

from tests.flows.ship import ROOT
from tests.flows.test_browser import ARGUMENTS, chromium
from transcript.files import write_transcript
from transcript.house import StepFailed
from transcript.script import SCRIPT, Say, Step


async def begun(folder: Path) -> asyncio.subprocess.Process:
    """The command in a folder of its own, in which its own data folder lies too while it runs."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    env |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    env |= {"QUARTERDECK_CAPITAL": "5"}  # whatever its user's settings are
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "demo", "--transcript", "chat.html"),
        cwd=folder,
        env=env,
        stderr=asyncio.subprocess.PIPE,
    )


def left_by(folder: Path) -> list[str]:
    """Processes that run on a data folder in `folder`, and what is left of the folder."""
    found = [path.name for path in (folder / "tmp").iterdir()]
    for process in psutil.process_iter():
        try:
            if str(folder) in " ".join((*process.cmdline(), *process.environ().values())):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two transcripts, played side by side."""

    async def played() -> list[Path]:
        folders = [tmp_path_factory.mktemp(name) / "here" for name in ("one", "two")]
        processes = [await begun(folder) for folder in folders]
        said = [(await process.communicate())[1].decode() for process in processes]
        assert [process.returncode for process in processes] == [0, 0], said
        assert f"{len(SCRIPT)}/{len(SCRIPT)} " in said[0]
        return folders

    return asyncio.run(played())


@pytest.mark.timeout(300)
def test_two_transcripts_are_the_same_to_the_byte_and_leave_nothing(folders: list[Path]):
    one, two = (_files(folder) for folder in folders)
    assert one.keys() == two.keys()
    assert one["chat.txt"].decode().splitlines() == two["chat.txt"].decode().splitlines()
    assert [name for name in one if one[name] != two[name]] == []
    assert [left_by(folder) for folder in folders] == [[], []]


@pytest.mark.timeout(300)
def test_a_transcript_goes_from_start_to_flat(folders: list[Path]):
    files = _files(folders[0])
    text = files["chat.txt"].decode()
    story = [
        r"you     /start",
        r"picture chat-files/01-[\w-]+\.png\]\n +▲ Buy \d+ \w+ · ",
        r"\[Approve\] \[Reject\]",
        r"press \[Why\]",
        r"press \[Approve\]",
        r"edited  ▲ Buy .*approved by you\n",
        r"signals waiting",
        r"edited  ▲ Buy .*rejected by you\n",
        r"approved by you →\s+filled \d+ @ [\d.]+\n",
        r"\d+ positions · [\d,.]+ USD",
        r"USD net",
        r"no new signals",
        r"alive n s",
        r"There is no command /aprove",
        r"Trading halted by you",
        r"trading is halted",
        r"press \[Resume trading\]",
        r"press \[Square off everything\]",
        r"Flat: the broker shows no position",
        r"No open positions",
    ]
    at = 0
    for line in story:
        found = re.compile(line).search(text, at)
        assert found, f"{line} is not in\n{text[at:]}"
        at = found.end()
    pictures = re.findall(r"chat-files/([\w-]+\.png)", text)
    assert sorted(pictures) == sorted(name for name in files if name.endswith(".png"))
    assert len(pictures) >= 6
    assert "Traceback" not in text


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_the_page_fits_a_phone_and_asks_for_nothing_but_its_pictures(
    folders: list[Path], scheme: Literal["dark", "light"]
):
    file = folders[0] / "chat.html"
    asked: list[str] = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(file.as_uri())
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        beyond = (
            "[...document.querySelectorAll('.bubble, .key, pre')].filter("
            "one => one.getBoundingClientRect().right > 360).length"
        )
        assert await page.evaluate(beyond) == 0
        cut = "[...document.querySelectorAll('pre')].filter(t => t.scrollWidth > t.clientWidth)"
        assert await page.evaluate(f"{cut}.map(table => table.innerText)") == []
        shown = "[...document.images].filter(one => one.complete && one.naturalWidth).length"
        pictures = len(list((file.parent / "chat-files").iterdir()))
        assert await page.evaluate(shown) == pictures
        await browser.close()
    assert len(asked) == pictures + 1
    assert all(url.startswith("file://") for url in asked)


@pytest.mark.timeout(120)
async def test_ctrl_c_leaves_nothing_running_and_writes_what_there_is(tmp_path: Path):
    process = await begun(tmp_path / "one")
    assert process.stderr is not None
    while b" 3/" not in (line := await process.stderr.readline()):
        assert line, "it ended by itself"
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode != 0
    assert left_by(tmp_path / "one") == []
    text = (tmp_path / "one" / "chat.txt").read_text("utf-8")
    assert "Welcome aboard" in text
    assert "[Approve] [Reject]" in text
    assert text.endswith("It ends here: it was interrupted.\n")


@pytest.mark.timeout(120)
async def test_what_does_not_come_about_is_named_and_what_there_is_is_written(tmp_path: Path):
    script = (Step(Say("/start"), "Welcome"), Step(Say("/help"), "Bon voyage", within=3.0))
    with pytest.raises(StepFailed) as failed:
        await write_transcript(tmp_path / "chat", script)
    assert str(failed.value) == "step 2, /help: waited 3 s for a message with 'Bon voyage'"
    text = (tmp_path / "chat.txt").read_text("utf-8")
    assert "take back an approval" in text  # what came instead
    assert f"It ends here: {failed.value}." in text
