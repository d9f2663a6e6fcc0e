"""A session advisory lock: PostgreSQL drops it when whoever holds it is gone, and not before."""

import asyncio
import hashlib
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from db.postgres import TROUBLE, PostgresStore
from trading.errors import JournalError

PATIENCE = 10.0  # of the machine's seconds for one answer


class Holding:
    """One connection of its own that holds the locks of this process's names.

    A server that is started anew drops every lock while its holders live. So a name ends with the
    start of the server it was locked at, and a lock that is gone proves something only there.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._connection: Any = None
        self._locked: Any = None  # the connection the latest name was locked on
        self._turn = asyncio.Lock()  # a connection answers one question at a time

    async def take(self, name: str) -> str:
        """The name as locked. Raises JournalError where the server is away."""
        async with self._turn:
            try:
                connection = await self._ask()
                start = await connection.fetchval(_START)
                full = f"{name}.{start}"
                await connection.fetchval("SELECT pg_advisory_lock($1)", _number(full))
            except (*TROUBLE, TimeoutError) as error:
                await self.close()
                raise JournalError(self._store.explain(error)) from error
            self._locked = connection
            return full

    async def holds(self) -> bool:
        """Whether the connection that took the latest lock, and so the lock, is still there."""
        async with self._turn:
            if self._locked is None or self._locked is not self._connection:
                return False
            if self._connection.is_closed():
                return False
            try:
                await self._connection.fetchval("SELECT 1")
            except (*TROUBLE, TimeoutError):
                await self.close()
                return False
            return True

    async def is_free(self, name: str) -> bool:
        """Whether nobody holds the lock of `name` at the server it was taken at, which has been up
        since. False where the server cannot be asked."""
        async with self._turn:
            try:
                connection = await self._ask()
                start = await connection.fetchval(_START)
                if not name.endswith(f".{start}"):
                    return False
                number = _number(name)
                free = await connection.fetchval("SELECT pg_try_advisory_lock_shared($1)", number)
                if free:
                    await connection.fetchval("SELECT pg_advisory_unlock_shared($1)", number)
                return bool(free)
            except (*TROUBLE, TimeoutError):
                await self.close()
                return False

    async def _ask(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            client = self._store.client
            self._connection = await asyncpg.connect(
                host=client.host,
                port=client.port,
                user=client.user,
                password=client.password,
                database=client.database,
                timeout=PATIENCE,
                command_timeout=PATIENCE,
                server_settings={"application_name": "quarterdeck owner"},
                **{key: client.extra[key] for key in ("ssl", "passfile") if key in client.extra},
            )
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


#: When the server was started, in microseconds: another start is another server.
_START = "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text"


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
