"""What the rows came to: kept as JSON beside the build, printed as a table, shown in the docs."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.faults.row import Figures, Row

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "faults.json"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table: written by make faults -->", "<!-- end of table -->"
HEAD = ("trial", "database", "faults", "orders", "lost", "doubled", "unknown", "slowest", "took",
        "seed", "commit", "holds")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """One row on one database, as it was run."""

    row: str
    database: str
    seed: int
    rate: float
    commit: str
    day: str  # ISO
    seconds: float  # the machine's
    figures: Figures = field(default_factory=Figures)

    @property
    def holds(self) -> bool:
        return not self.figures.broken


def commit() -> str:
    """HEAD, and a mark of what is changed over it; "" where this is no repository."""

    def git(*args: str) -> str:
        found = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True)
        return found.stdout.strip()

    try:
        changed = git("diff", "HEAD", "--", ".", ":!docs/reliability.md")
        mark = f"+{sha256(changed.encode()).hexdigest()[:6]}" if changed else ""
        return git("rev-parse", "--short=10", "HEAD") + mark
    except (OSError, subprocess.CalledProcessError):
        return ""


def read(path: Path = KEPT) -> dict[tuple[str, str], Result]:
    """By row and database; nothing where nothing was kept."""
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    results = [Result(**{**row, "figures": Figures(**row["figures"])}) for row in rows]
    return {(result.row, result.database): result for result in results}


def keep(results: Iterable[Result], path: Path = KEPT) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(result) for result in results], indent=1), "utf-8")


def cells(result: Result) -> tuple[str, ...]:
    found = result.figures
    slowest = "" if found.slowest is None else f"{found.slowest:.1f} s"
    numbers = (found.faults, found.orders, found.lost, found.doubled, found.unknown)
    return (
        result.row,
        result.database,
        *(f"{number:,}" for number in numbers),
        slowest,
        f"{result.seconds:.0f} s",
        str(result.seed),
        result.commit,
        "yes" if result.holds else "NO",
    )


def printed(results: Iterable[Result]) -> str:
    """Aligned columns, and below them what did not hold."""
    results = list(results)
    lines = [HEAD, *(cells(result) for result in results)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    text = [
        "  ".join(
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    for result in results:
        text += [f"  {result.row} on {result.database}: {why}" for why in result.figures.broken]
    return "\n".join(text)


def page(results: Iterable[Result], rows: Mapping[str, Row]) -> str:
    """The part of the page between the markers."""
    results = list(results)
    rates = sorted({result.rate for result in results})
    scale = " or ".join(f"1/{rate:g}" for rate in rates)
    seconds = sum(result.seconds for result in results)
    lines = [
        f"Last run: {max(result.day for result in results)}, each row at the commit it names, "
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}), {seconds / 60:.0f} minutes in all. Leases, beats, pauses, "
        f"lags and outages ran at {scale} of their real length; times below are real lengths, "
        "except in `term`, whose limit is the machine's.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|---|---|" + "---:|" * (len(HEAD) - 2),
        *("| " + " | ".join(cells(result)) + " |" for result in results),
        "",
        "| trial | what is done | what holds |",
        "|---|---|---|",
        *(
            f"| {name} | {row.full:,}: {row.what} | {row.holds} |"
            for name, row in rows.items()
            if any(result.row == name for result in results)
        ),
    ]
    return "\n".join(lines)


def write(results: Iterable[Result], rows: Mapping[str, Row], path: Path = PAGE) -> None:
    """Replace the table in the page; the words around it are written by hand."""
    text = path.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{page(results, rows)}\n\n{END}{after}", "utf-8")
