"""A disk that takes no more: one line, and what was there stays whole. Each command runs as a
process that may write no file over a kilobyte."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIMIT = 1_000  # bytes a file


def run(folder: Path, *words: str, full: bool) -> subprocess.CompletedProcess[str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("QUARTERDECK_")}
    ours |= {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=_small_files if full else None,
    )


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


@pytest.mark.parametrize("words", [("sample",), ("pair",), ("demo",), ("data", "import", "A.csv")])
def test_it_is_one_line(tmp_path: Path, words: tuple[str, ...]):
    days = [f"2024-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(2, 28)]
    rows = "".join(f"{day},10,11,9,10,{n}\n" for n, day in enumerate(days))
    (tmp_path / "A.csv").write_text("date,open,high,low,close,volume\n" + rows)
    done = run(tmp_path, *words, full=True)
    assert done.returncode == 2, done.stdout
    [line] = done.stderr.splitlines()
    assert line.startswith("quarterdeck: ")
    assert "an error of ours" not in line


def test_a_replay_needs_no_room(tmp_path: Path):
    words = ("replay", "--from", "2024-01-02", "--to", "2024-02-01", "--symbols", "AAPL")
    assert run(tmp_path, *words, full=True).stdout == run(tmp_path, *words, full=False).stdout
