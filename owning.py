"""The locks by which a process that sends orders is known to live, whatever became of it."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from db.holding import Holding
from db.postgres import PostgresStore
from db.sqlite import SqliteStore
from lanes.locks import FileLock, is_abandoned
from settings import Settings
from trading.errors import QuarterdeckError

log = structlog.get_logger(__name__)
FOLDER = "owners"
KEPT = 200  # files of the dead; an order they leave in doubt is settled or asked about by then


class Locks:
    """`trading.ports.Owners` by a file lock in the data folder and, on PostgreSQL, an advisory lock
    besides. The file is believed where it can be seen, since it outlives a restarted server;
    whoever claimed from another machine is judged by the server.

    A name is taken at the first claim: `fast@alpha:4711.x3kq`. Raises QuarterdeckError where the
    database or the folder refuses.
    """

    def __init__(self, folder: Path, kind: str, host: str, holding: Holding | None) -> None:
        self._folder = folder
        self._stem = f"{kind}@{re.sub(r'[^A-Za-z0-9-]', '-', host) or 'here'}:{os.getpid()}"
        self._holding = holding
        self._files: dict[str, FileLock] = {}  # by name; those of lost names are held to the end
        self._name = ""
        self._turn = asyncio.Lock()

    async def mine(self) -> str:
        async with self._turn:  # tasks that claim at once take one name
            return await self._taken()

    async def _taken(self) -> str:
        if self._name and (self._holding is None or await self._holding.holds()):
            return self._name
        if self._name:
            log.warning("the lock was lost with its connection; orders go under a new name")
            self._name = ""
        name = f"{self._stem}.{secrets.token_hex(4)}"
        if self._holding is not None:
            name = await self._holding.take(name)
        self._files[name] = self._locked(name)
        self._name = name
        return name

    def _locked(self, name: str) -> FileLock:
        try:
            self._folder.mkdir(exist_ok=True)
            self._prune()
            lock = FileLock(self._folder / name)
            taken = lock.take()
        except OSError as error:
            raise QuarterdeckError(
                f"{self._folder} cannot be written ({error.strerror}): no order is sent; give this "
                "user write access to it, or free some space"
            ) from error
        if not taken:
            raise QuarterdeckError(f"{lock.path} is locked by somebody else: no order is sent")
        return lock

    def _prune(self) -> None:
        """Forget the oldest of the dead. Who is forgotten cannot be proven dead any more."""
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process prunes too
                found.append((path.stat().st_mtime, path))
        for _, path in sorted(found)[:-KEPT]:
            if is_abandoned(path):
                path.unlink(missing_ok=True)

    def holds(self, owner: str) -> bool:
        return owner in self._files

    async def is_dead(self, owner: str) -> bool:
        if not owner or "/" in owner or owner in self._files:
            return False
        abandoned = is_abandoned(self._folder / owner)
        if abandoned is None and self._holding is not None:
            return await self._holding.is_free(owner)
        return bool(abandoned)

    async def close(self) -> None:
        """Let go of all: whatever this process had claimed, it sends no more."""
        for lock in self._files.values():
            lock.release()
        if self._holding is not None:
            await self._holding.close()


@asynccontextmanager
async def owners(
    settings: Settings, store: SqliteStore | PostgresStore, kind: str
) -> AsyncIterator[Locks]:
    """`kind` begins the name: the process that claims."""
    holding = Holding(store) if isinstance(store, PostgresStore) else None
    locks = Locks(settings.data.absolute() / FOLDER, kind, settings.host, holding)
    try:
        yield locks
    finally:
        await locks.close()
