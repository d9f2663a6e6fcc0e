"""The command line as a real process: one line for every mistake, never a stack trace."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from db.journal import open_journal
from desk import crew
from trading.clocks import SystemClock

ROOT = Path(__file__).parents[1]
TOKEN = "123456:this-is-the-secret"
ANN = '[{"id": 7, "name": "Ann"}]'


def run(
    folder: Path, *words: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m cli …` in an empty folder, with a token set that must never be shown."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("QUARTERDECK_")}
    ours |= {"PYTHONPATH": str(ROOT), "QUARTERDECK_TELEGRAM_TOKEN": TOKEN} | (env or {})
    done = subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done


def refusal(folder: Path, *words: str, env: dict[str, str] | None = None) -> str:
    """The one line of a command that was refused."""
    done = run(folder, *words, env=env)
    assert done.returncode == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("quarterdeck: ")
    return line.removeprefix("quarterdeck: ")


def test_help_lists_the_commands_and_loads_nothing_heavy(tmp_path: Path):
    began = time.perf_counter()
    done = run(tmp_path, "--help")
    took = time.perf_counter() - began
    assert done.returncode == 0
    for command in ("demo", "up", "squareoff", "replay", "search", "sample", "version"):
        assert f"\n  {command} " in done.stdout
    assert "process" not in done.stdout, "the supervisor's own"
    assert took < 5, "0.2 s on an idle machine"


def test_version(tmp_path: Path):
    done = run(tmp_path, "version")
    assert done.returncode == 0
    assert done.stdout.startswith("quarterdeck ")


def test_up_without_a_token_says_what_to_set(tmp_path: Path):
    line = refusal(tmp_path, "up", env={"QUARTERDECK_TELEGRAM_TOKEN": ""})
    assert line.startswith("no Telegram token: set QUARTERDECK_TELEGRAM_TOKEN")
    assert os.listdir(tmp_path) == [], "nothing was started or made"


def test_pair_prints_a_code_that_lets_one_person_in(tmp_path: Path):
    data = tmp_path / "data"
    done = run(tmp_path, "pair", env={"QUARTERDECK_DATA": str(data)})
    found = re.search(r"/start (\S+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert "within 10 minutes" in done.stdout

    async def admitted() -> bool:
        async with open_journal(data / "quarterdeck.sqlite3") as journal:
            now = SystemClock().now()
            member = await crew.admit(journal, found[1], user=7, name="Ann", now=now)
            return member is not None

    assert asyncio.run(admitted())
    assert not asyncio.run(admitted())


def test_up_without_bars_says_how_to_get_them(tmp_path: Path):
    line = refusal(tmp_path, "up", env={"QUARTERDECK_OPERATORS": ANN})
    assert "`quarterdeck sample`" in line


def test_a_process_nobody_knows(tmp_path: Path):
    line = refusal(tmp_path, "process", "nonsense")
    assert line.startswith("no process called 'nonsense'; there are: ")


ASTROLOGY = (
    "no strategy is called 'astrology'; there are: mean_reversion, intraday_gap_up, "
    "swing_stochastic_rsi, weekly_trend"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "yesterday"], "'yesterday' is no date; write it like 2024-03-28"),
        (["--strategy", "astrology"], ASTROLOGY),
    ],
)
def test_a_replay_of_nonsense_stops_before_it_reads_a_bar(
    tmp_path: Path, words: list[str], said: str
):
    assert refusal(tmp_path, "replay", *words) == said
    assert os.listdir(tmp_path) == []


def test_a_data_folder_of_a_newer_version_is_left_alone(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "format.json").write_text(json.dumps({"format": 99, "mode": "paper"}))
    env = {"QUARTERDECK_DATA": str(data), "QUARTERDECK_OPERATORS": ANN}
    line = refusal(tmp_path, "up", env=env)
    assert line.startswith(f"{data} was written by a newer Quarterdeck (format 99, this one ")
    assert os.listdir(data) == ["format.json"]


def test_an_unknown_setting_stops_a_command(tmp_path: Path):
    line = refusal(tmp_path, "squareoff", "--yes", env={"QUARTERDECK_THEEM": "dark"})
    assert line.startswith("unknown setting 'theem' in the environment; known are: capital, ")
    assert os.listdir(tmp_path) == []


# What a process loads

HEAVY = ("pandas", "polars", "numpy", "talib", "matplotlib", "ccxt", "ib_async", "scipy", "sklearn")
LOADED = """
import sys
import cli, logs, processes, uvloop, wiring
from bot import main
from db.posts import NonceBook, PostBook
print(",".join(name for name in {heavy!r} if name in sys.modules))
"""


def test_the_bots_process_loads_no_library_of_research(tmp_path: Path):
    """What `process bot` imports, up to the moment it opens the journal."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(heavy=HEAVY)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == ""
