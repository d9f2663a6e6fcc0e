"""A SQLite file: one connection that writes, one that reads and never waits for it."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from pathlib import Path
from typing import Any

from tortoise.backends.sqlite.client import SqliteClient
from tortoise.exceptions import IntegrityError, OperationalError

from db.codecs import Dialect, decimal_key
from db.outage import Outage
from db.turns import Turns
from trading.errors import ConfigError, JournalError, QuarterdeckError

#: How long a statement waits for another process's transaction.
BUSY_SECONDS = 15.0
_UNSOUND = ("not a database", "malformed")
_AWAY = (
    *("locked", "busy", "readonly", "read-only", "full", "disk i/o", "unable to open"),
    *_UNSOUND,
)
PAUSE = 0.02  # seconds between two tries to turn a fresh file to WAL


class _NoText(Exception):
    """A text in the file is no UTF-8."""


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


class SqliteStore:
    """WAL and synchronous=FULL: a commit that returned survives a power cut.

    Every writing transaction begins IMMEDIATE: a plain BEGIN takes the write lock at its first
    write, too late to wait for it once it has read.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        pragmas = {
            "busy_timeout": round(busy_seconds * 1000),
            "journal_mode": "WAL",
            "synchronous": "FULL",
            "journal_size_limit": 64 * 1024 * 1024,
        }
        self.client = SqliteClient(str(path), connection_name="default", **pragmas)
        self._reader = SqliteClient(str(path), connection_name="reader", **pragmas, query_only="ON")
        self.outage = Outage()
        self._changed = False  # whether the open transaction has written
        self._turns = Turns(self._begin, self._commit, self._rollback)

    async def open(self) -> None:
        """Raises ConfigError saying what is wrong with the file and what to do."""
        if not self.path.parent.is_dir():
            raise ConfigError(
                f"there is no folder {self.path.parent}: create it, or choose another with "
                "QUARTERDECK_DATA"
            )
        try:
            await self._turn_to_wal()
            for client in (self.client, self._reader):
                await client.create_connection(with_db=True)
                async with client.acquire_connection() as connection:
                    await connection.create_function("decimal_key", 1, decimal_key)
        except (OperationalError, sqlite3.Error) as error:
            await self.close()
            raise ConfigError(self.explain(error)) from error
        except BaseException:
            await self.close()
            raise

    async def _turn_to_wal(self) -> None:
        """Before aiosqlite, which leaves a thread behind when the file cannot even be opened.
        While somebody writes to a fresh file SQLite refuses at once, so the waiting is ours."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._busy_seconds
        while True:
            try:
                with closing(sqlite3.connect(self.path, timeout=0)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or loop.time() > until:
                    raise
            await asyncio.sleep(PAUSE)

    async def close(self) -> None:
        await self._reader.close()
        await self.client.close()

    def transaction(self) -> AbstractAsyncContextManager[None]:
        return self._turns.transaction()

    @property
    def inside(self) -> bool:
        return self._turns.mine

    async def read(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """Inside a transaction it sees that transaction's writes; outside, what is committed."""
        client = self.client if self._turns.mine else self._reader
        try:
            return await self._run(client, sql, args, writing=False)
        except _NoText:
            await self._take_any_bytes()
            return await self._run(client, sql, args, writing=False)

    async def _take_any_bytes(self) -> None:
        """From now on text that is no UTF-8 comes as its bytes, which stop only its own row:
        SQLite's driver would refuse every row read with it. Dearer, so only once it was met."""
        for client in (self.client, self._reader):
            async with client.acquire_connection() as connection:
                connection.text_factory = _text_or_bytes

    async def write(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """One statement; outside a transaction it commits by itself."""
        if self._turns.mine:
            rows = await self._run(self.client, sql, args)
            self._changed = self._changed or bool(rows)
            return rows
        async with self._turns.alone():
            rows = await self._run(self.client, sql, args)
        if rows:  # what changes nothing succeeds on a full disk, too
            self.outage.end(writing=True)
        return rows

    async def _run(
        self, client: SqliteClient, sql: str, args: Sequence[Any] = (), *, writing: bool = True
    ) -> Sequence[Sequence[Any]]:
        try:
            _, rows = await client.execute_query(sql, list(args))
        except IntegrityError:
            raise
        except (OperationalError, sqlite3.Error) as error:
            if "could not decode" in str(error).lower():
                raise _NoText from error
            raise self._trouble(error, writing=writing) from error
        if not writing:
            self.outage.end(writing=False)
        return rows  # type: ignore[no-any-return]  # sqlite3.Row is a sequence, whatever is declared

    async def _begin(self) -> None:
        self._changed = False
        await self._run(self.client, "BEGIN IMMEDIATE")

    async def _commit(self) -> None:
        await self._run(self.client, "COMMIT")
        if self._changed:
            self.outage.end(writing=True)

    async def _rollback(self) -> None:
        with suppress(OperationalError):  # SQLite itself rolled back, as it does on a full disk
            await self.client.execute_query("ROLLBACK")

    def _trouble(self, error: Exception, *, writing: bool) -> QuarterdeckError:
        why, low = self.explain(error), str(error).lower()
        if not any(word in low for word in _AWAY):
            return QuarterdeckError(why)
        self.outage.begin(why, writing=writing, lasting=any(word in low for word in _UNSOUND))
        return JournalError(why)

    def explain(self, error: Exception) -> str:
        """What happened to the file and what the operator can do about it, in one line."""
        said = str(error)
        low = said.lower()
        other = "or choose another folder with QUARTERDECK_DATA"
        if "locked" in low or "busy" in low:
            return f"{self.path} stayed locked by another program: close that program, then retry"
        if "readonly" in low or "read-only" in low:
            return f"{self.path} cannot be written: give this user write access to it, {other}"
        if "full" in low:
            return f"the disk that holds {self.path} is full: free some space, then retry"
        if any(word in low for word in _UNSOUND):
            return (
                f"{self.path} is not a sound database: stop Quarterdeck and restore the newest "
                f"backup, {other}"
            )
        if "disk i/o" in low:
            return f"the disk that holds {self.path} failed or is full: see to it, then retry"
        if "unable to open" in low:
            if self.path.is_file() and not os.access(self.path.parent, os.W_OK):
                return f"{self.path} lies in a read-only place: make that writable, {other}"
            return f"{self.path} cannot be opened: check that it is a file this user owns, {other}"
        return f"the database {self.path} refused: {said}"
