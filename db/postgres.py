"""A PostgreSQL database: a pool of connections, and one row that a writing transaction holds."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.exceptions import ConfigurationError, DBConnectionError

from db.codecs import Dialect
from db.outage import Outage
from db.turns import PATIENCE, Turns
from trading.errors import ConfigError, JournalError, QuarterdeckError

CONNECTIONS = 8
SCHEMES = ("postgres://", "postgresql://", "asyncpg://")
#: InternalClientError: the server closed the connection just as a statement was being bound.
TROUBLE = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DBConnectionError,
    OSError,
)

#: Locked first, so that the transaction's next statement sees all that was committed before it.
_BEGIN = "BEGIN; SELECT 1 FROM locks WHERE name = 'desk' FOR UPDATE"


class PostgresStore:
    """One writer at a time in all processes; readers never wait."""

    dialect: Dialect = "postgres"

    def __init__(self, url: str) -> None:
        try:
            if not url.startswith(SCHEMES):
                raise ValueError
            credentials = expand_db_url(url)["credentials"]
        except (ConfigurationError, ValueError):  # whose text shows what may be a password
            raise ConfigError(
                "setting 'database' is an address like postgres://user:password@host:5432/name"
            ) from None
        host = credentials.get("host") or "localhost"
        self.where = f"PostgreSQL database {credentials.get('database')} on {host}"
        self.client = AsyncpgDBClient(
            **{"minsize": 1, "maxsize": CONNECTIONS, "timeout": 10, **credentials},
            connection_name="default",
            server_settings={
                "application_name": "quarterdeck",
                "lock_timeout": f"{PATIENCE:.0f}s",
                # A stopped process must not hold the row for ever.
                "idle_in_transaction_session_timeout": "60s",
            },
        )
        self._holding: Any = None  # the connection of the open transaction
        self.outage = Outage()
        self._changed = False  # whether the open transaction has written
        self._turns = Turns(self._begin, self._commit, self._rollback)

    async def open(self) -> None:
        """Raises ConfigError saying what could not be reached and what to do."""
        try:
            await self.client.create_connection(with_db=True)
        except (*TROUBLE, TimeoutError) as error:
            raise ConfigError(self.explain(error)) from error

    async def close(self) -> None:
        await self.client.close()

    def transaction(self) -> AbstractAsyncContextManager[None]:
        return self._turns.transaction()

    @property
    def inside(self) -> bool:
        return self._turns.mine

    async def read(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """Inside a transaction it sees that transaction's writes; outside, what is committed."""
        return await self._run(sql, args, writing=False)

    async def write(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """One statement; outside a transaction it commits by itself."""
        return await self._run(sql, args, writing=True)

    async def _run(
        self, sql: str, args: Sequence[Any], *, writing: bool
    ) -> Sequence[Sequence[Any]]:
        try:
            if self._turns.mine:
                rows = await self._holding.fetch(sql, *args)
            else:
                async with self.client.acquire_connection() as connection:
                    rows = await connection.fetch(sql, *args)
        except asyncpg.IntegrityConstraintViolationError:
            raise
        except TROUBLE as error:
            if isinstance(error, ValueError):  # asyncpg's word for a value out of a column's range
                raise
            raise self._trouble(error, writing=writing) from error
        if not writing:
            self.outage.end(writing=False)
        elif self._turns.mine:
            self._changed = self._changed or bool(rows)
        elif rows:
            self.outage.end(writing=True)
        return rows  # type: ignore[no-any-return]

    async def _begin(self) -> None:
        self._changed = False
        try:
            wrapper = self.client.acquire_connection()
            self._holding = await wrapper.__aenter__()
            await self._holding.execute(_BEGIN)
        except TROUBLE as error:
            raise self._trouble(error, writing=True) from error

    async def _commit(self) -> None:
        try:
            await self._holding.execute("COMMIT")
        except TROUBLE as error:
            raise self._trouble(error, writing=True) from error
        if self._changed:
            self.outage.end(writing=True)
        await self._release()

    async def _rollback(self) -> None:
        if self._holding is None:
            return
        try:
            await self._holding.execute("ROLLBACK")
        except TROUBLE:
            # Lost: the server has rolled back, and the pool lets go of what can still be closed.
            with suppress(asyncpg.InterfaceError, asyncpg.InternalClientError):
                self._holding.terminate()
        finally:
            await self._release()

    async def _release(self) -> None:
        """Whatever happens to the connection now changes nothing of what it has done."""
        holding, self._holding = self._holding, None
        pool = self.client._pool
        if pool is not None:
            with suppress(*TROUBLE):  # the pool has thrown it away
                await pool.release(holding)

    def _trouble(self, error: BaseException, *, writing: bool) -> QuarterdeckError:
        why = self._known(error)
        if why is None:  # a statement of ours, not the server
            return QuarterdeckError(self.explain(error))
        self.outage.begin(why, writing=writing)
        return JournalError(why)

    def explain(self, error: BaseException) -> str:
        """What happened to the server and what the operator can do about it, in one line."""
        return self._known(error) or f"{self.where} refused: {error}"

    def _known(self, error: BaseException) -> str | None:
        match error:
            case asyncpg.InvalidCatalogNameError() | DBConnectionError():
                return f"there is no {self.where}: create it, or correct QUARTERDECK_DATABASE"
            case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
                return f"{self.where} refused this user or password: correct QUARTERDECK_DATABASE"
            case asyncpg.LockNotAvailableError():
                return f"{self.where}: another process held the desk for {PATIENCE:.0f} s; retry"
            case asyncpg.DiskFullError():
                return f"the disk of {self.where} is full: free some space, then retry"
            case asyncpg.ReadOnlySQLTransactionError():
                return (
                    f"{self.where} is read-only: connect to its primary, or set its "
                    "default_transaction_read_only off"
                )
            case asyncpg.InsufficientPrivilegeError():
                return f"{self.where} does not let this user in: grant it the tables ({error})"
            case asyncpg.DataCorruptedError() | asyncpg.IndexCorruptedError():
                return (
                    f"{self.where} is damaged ({error}): stop Quarterdeck and restore the newest "
                    "backup into a new database"
                )
            case asyncpg.TooManyConnectionsError():
                return f"{self.where} has no connection free: raise max_connections or close some"
            case (
                asyncpg.InterfaceError()
                | asyncpg.InternalClientError()
                | asyncpg.PostgresConnectionError()
                | asyncpg.AdminShutdownError()
                | asyncpg.CrashShutdownError()
                | asyncpg.IdleInTransactionSessionTimeoutError()
            ):
                return f"{self.where} closed the connection; nothing was recorded: retry"
            case asyncpg.CannotConnectNowError() | OSError() | TimeoutError():
                return f"{self.where} cannot be reached: check that it runs and listens there"
            case _:
                return None
