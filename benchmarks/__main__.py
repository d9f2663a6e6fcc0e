"""`make bench [ARGS="scan queue"]`: all claims about speed, or those named; prints one table.

With `--write` the table, its date and commit go to docs/performance.md.
"""

import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.line import Line, table
from trading.clocks import SystemClock

ALL = (
    "indicators",
    "scan",
    "store",
    "imports",
    "queue",
    "press",
    "ledger",
    "pnl",
    "statements",
    "replay",
    "backtesting_py",
    "charts",
    "startup",
)
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
HEAD = """# Speed: what was measured

Each line is one run of `make bench`: ours, a named alternative, and how many times longer that
takes. Machines differ and are noisy, so trust the ratios; times are medians of interleaved rounds.

"""


def main(argv: list[str]) -> int:
    names = [name for name in argv if not name.startswith("-")] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no benchmark called {unknown[0]!r}; there are: {', '.join(ALL)}")
        return 2
    lines: list[Line] = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        lines += importlib.import_module(f"benchmarks.{name}").run()
    made = table(lines)
    print(made)
    if "--write" in argv:
        PAGE.write_text(f"{HEAD}{_stamp()}\n\n{made}\n{_tail()}", "utf-8")
    return 0


def _stamp() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{SystemClock().now():%d %B %Y}, commit {commit or 'unknown'}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}."
    )


def _tail() -> str:
    """What stood below the table is kept: explanations are written by hand."""
    if not PAGE.exists():
        return ""
    _, found, rest = PAGE.read_text("utf-8").partition("\n## ")
    return f"\n## {rest}" if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
