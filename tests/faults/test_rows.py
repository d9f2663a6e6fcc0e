"""Every trial, short: what `make faults` runs in full holds here too."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from tests.faults.fleet import Fleet
from tests.faults.row import POSTGRES, Case, Row
from tests.faults.rows import ROWS

SEED = 4  # the same each time; `make faults` draws one


@pytest.fixture
def folder() -> Iterator[Path]:
    """Shorter than pytest's own, for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="qd-f-"))
    yield folder
    rmtree(folder, ignore_errors=True)


#: Whose short version runs on both databases; of the others `make faults` does.
BOTH = {"kill-nodedupe", "halt", "machine", "squareoff"}


def short_on(row: Row, number: int) -> tuple[str, ...]:
    """The others take the two in turn."""
    if row.name in BOTH:
        return row.databases
    return (row.databases[number % len(row.databases)],)


@pytest.mark.parametrize(
    ("row", "database"),
    [
        pytest.param(row, database, id=f"{row.name}-{database}")
        for number, row in enumerate(ROWS.values())
        for database in short_on(row, number)
    ],
)
async def test_it_holds(
    row: Row, database: str, folder: Path, fleet: Fleet, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("crashing_postgres") if database == POSTGRES else None
    figures = await row.run(Case(database, folder, SEED, row.short, row.rate, False, fleet, server))
    assert not figures.broken
    assert figures.faults
