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
    parts = ("bot", "worker", "draw", "paper", "check")
    for command in (
        "demo",
        "up",
        "squareoff",
        "replay",
        "search",
        "sample",
        "backup",
        "restore",
        *parts,
    ):
        assert f"\n  {command} " in done.stdout
    assert "\n  process " not in done.stdout, "the supervisor's own"
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
    assert "`quarterdeck data import FILE`" in line
    assert "`quarterdeck sample`" in line


def test_bars_are_brought_in_and_shown(tmp_path: Path):
    rows = "".join(f"2024-01-0{n},10,11,9,10,5\n" for n in range(2, 6))
    (tmp_path / "AAPL.csv").write_text("date,open,high,low,close,volume\n" + rows)
    done = run(tmp_path, "data", "import", "AAPL.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "  stored      4 new, 0 changed, 0 as before\n" in done.stdout
    assert (
        "\nXNYS      1d             1  2024-01-02  2024-01-05"
        in run(tmp_path, "data", "status").stdout
    )
    assert refusal(tmp_path, "data", "import", "gone.csv") == "gone.csv is no file"


def test_a_process_nobody_knows(tmp_path: Path):
    line = refusal(tmp_path, "process", "nonsense")
    assert line.startswith("no process called 'nonsense'; there are: ")


@pytest.mark.parametrize(
    "words",
    [["bot"], ["worker", "--lane", "fast"], ["worker", "--lane", "heavy"], ["draw"], ["paper"]],
)
def test_a_part_by_itself_needs_a_redis_to_share(tmp_path: Path, words: list[str]):
    line = refusal(tmp_path, *words)
    assert line.startswith("a part by itself needs the Redis all parts share: set QUARTERDECK_R")
    assert os.listdir(tmp_path) == []


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
    assert line.startswith("unknown setting 'theem' in the environment; known are: ")
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


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("nosuch",), "no such command 'nosuch'; see `quarterdeck --help`"),
        (("up", "x"), "got unexpected extra argument(s) (x); see `quarterdeck up --help`"),
        (("demo", "--transcript"), "option '--transcript' requires an argument; see `quarterdeck "),
        (("worker",), "missing option '--lane'. Choose from: fast, heavy; see `quarterdeck worker"),
        (("worker", "--lane", "slow"), "invalid value for '--lane': 'slow' is not one of 'fast', "),
        (("check", "lane"), "invalid value for 'name': 'lane' is not one of 'bot', 'fast', "),
        (("restore",), "missing argument 'file'; see `quarterdeck restore --help`"),
        (("search", "--folds", "five"), "invalid value for '--folds': "),
        (("replay", "--symbols", ","), "invalid value: ',' names nothing"),
        (("search", "--symbols", " , "), "invalid value: ' , ' names nothing"),
        (("data", "nosuch"), "no such command 'nosuch'; see `quarterdeck data --help`"),
        (("data", "fetch", "a\nb\x1b[31m"), "no candle feed is called "),
    ],
)
def test_a_wrong_word_is_one_line(tmp_path: Path, words: tuple[str, ...], line: str):
    assert refusal(tmp_path, *words).startswith(line)
    assert os.listdir(tmp_path) == []


def test_a_name_of_a_mile_is_shortened(tmp_path: Path):
    for words in (("data", "import"), ("data", "fetch"), ("restore",), ("check",), ("process",)):
        line = refusal(tmp_path, *words, "A" * 100_000)
        assert len(line) < 650, words


@pytest.mark.parametrize("words", [("backup",), ("squareoff", "--yes"), ("halt",)])
def test_a_misspelt_data_folder_is_not_taken_for_an_empty_one(
    tmp_path: Path, words: tuple[str, ...]
):
    line = refusal(tmp_path, *words, env={"QUARTERDECK_DATA": str(tmp_path / "dtaa")})
    assert line == (
        f"nothing has run in {tmp_path / 'dtaa'} yet: set QUARTERDECK_DATA to the folder you mean"
    )
    assert os.listdir(tmp_path) == []


def test_a_backup_to_no_file_is_refused(tmp_path: Path):
    run(tmp_path, "pair")
    assert refusal(tmp_path, "backup", "--to", "") == "--to names no file"
