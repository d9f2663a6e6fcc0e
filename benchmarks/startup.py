"""Start-up: the command line's help, and what the bot's process weighs."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.line import Line, table

ROOT = Path(__file__).resolve().parent.parent
HELP = [sys.executable, "-m", "cli", "--help"]
EVERYTHING = [
    sys.executable,
    "-c",
    "import aiogram, pandas, talib, polars, matplotlib.figure, ccxt.async_support, ib_async",
]
BOT = """
import asyncio, os, sys
import bot.main, wiring, processes, db.posts, db.journal
from lanes.ears import Ear
from settings import load
from folder import install_sample
from wiring import (open_base, voice_desk)
settings = load(mode="demo")
async def prepare():
    install_sample(settings)
    async with open_base(settings, bell=wiring.Silence()):
        pass
async def open_and_look():
    async with open_base(settings, bell=wiring.Silence()) as base:
        voice_desk(base)
        from bot.client import open_bot
        open_bot("42:stand-in", "http://127.0.0.1:1")
        with open("/proc/self/statm") as statm:
            print(int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6)
asyncio.run(prepare() if sys.argv[1:] else open_and_look())
"""


def _run(argv: list[str], **env: str) -> str:
    done = subprocess.run(
        argv, cwd=ROOT, check=True, capture_output=True, text=True, env={**os.environ, **env}
    )
    return done.stdout


def bot_megabytes() -> float:
    """Resident memory of the bot's process with its parts open, in MB."""
    with tempfile.TemporaryDirectory() as data:
        _run([sys.executable, "-c", BOT, "prepare"], QUARTERDECK_DATA=data)
        return float(_run([sys.executable, "-c", BOT], QUARTERDECK_DATA=data))


def run(rounds: int = 5) -> list[Line]:
    weight = bot_megabytes()
    return [
        Line.measured(
            "quarterdeck --help",
            lambda: _run(HELP),
            "importing what the console uses",
            lambda: _run(EVERYTHING),
            rounds,
            note=f"the bot's process: {weight:.0f} MB resident",
        )
    ]


if __name__ == "__main__":
    print(table(run()))
