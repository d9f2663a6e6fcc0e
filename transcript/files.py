"""`quarterdeck demo --transcript FILE`: the files it leaves and the run that fills them."""

import asyncio
import re
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from settings import StrategySettings
from trading.errors import ConfigError
from transcript import page, text
from transcript.house import StepFailed, running
from transcript.play import Camera, Player, no_camera
from transcript.script import SCRIPT, Step
from transcript.story import Story

TITLE = "Quarterdeck: a conversation with the demo"
NOTE = (
    "Written by `quarterdeck demo --transcript`: the real processes over real daily bars, a paper "
    "broker, and the local stand-in for Telegram. Times are the market's. An edited message is "
    "shown again where it changed. In /health, `n s` stands for each process's age."
)
OURS = re.compile(r"\d\d-[a-z0-9-]*\.png")  # what an earlier transcript left in the folder


@dataclass(frozen=True, slots=True)
class Files:
    """`FILE.txt`, `FILE.html` and the folder `FILE-files` of their pictures."""

    text: Path
    page: Path
    pictures: Path

    @classmethod
    def of(cls, file: Path) -> "Files":
        """`file` with .txt, .html or neither. Raises ConfigError where nothing can be written."""
        stem = file.with_suffix("") if file.suffix in (".txt", ".html") else file
        if not stem.name:
            raise ConfigError(f"{file} names no file; for example: --transcript chat.html")
        beside = stem.with_name
        found = cls(
            beside(f"{stem.name}.txt"), beside(f"{stem.name}.html"), beside(f"{stem.name}-files")
        )
        try:
            found.pictures.mkdir(parents=True, exist_ok=True)
            for one in (found.text, found.page):
                one.touch()
        except OSError as error:
            raise ConfigError(f"cannot write {error.filename}: {error.strerror}") from error
        return found

    def write(self, story: Story) -> None:
        """Both forms and the pictures; those of an earlier transcript go."""
        for old in self.pictures.iterdir():
            if OURS.fullmatch(old.name):
                old.unlink()
        for name, png in story.pictures.items():
            (self.pictures / name).write_bytes(png)
        folder = self.pictures.name
        self.text.write_text(text.written(story, TITLE, NOTE, folder), "utf-8")
        self.page.write_text(page.written(story, TITLE, NOTE, folder), "utf-8")


async def write_transcript(
    file: Path,
    script: Sequence[Step] = SCRIPT,
    camera: Camera = no_camera,
    strategies: Mapping[str, StrategySettings] | None = None,
) -> Files:
    """Play the script on a data folder of its own, which goes after; progress on stderr.
    `strategies` are traded in place of the default's.

    Raises StepFailed where a step did not come about in its time; what there is by then is written,
    as it is after Ctrl-C.
    """
    files, story = Files.of(file), Story()
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    story.failure = "it was interrupted"
    try:
        with tempfile.TemporaryDirectory(prefix="quarterdeck-", ignore_cleanup_errors=True) as data:
            _tell("starting the demo on a data folder of its own …")
            async with running(Path(data), strategies) as house:
                player = Player(house, story, _tell, camera)
                await player.play(script)
        story.failure = ""
    except StepFailed as failure:
        story.failure = str(failure)
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        files.write(story)
        _tell(f"wrote {files.page}, {files.text} and {len(story.pictures)} pictures")
    return files


def _tell(line: str) -> None:
    with suppress(OSError):  # nobody reads any more
        print(line, file=sys.stderr, flush=True)
