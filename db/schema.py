"""Brings a database to this version's tables by Tortoise's migrations, once among processes."""

import pkgutil
import sqlite3
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.sqlite.client import SqliteTransactionWrapper
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.models import Model
from tortoise.transactions import in_transaction

import db.migrations
from db.models import ROWS
from db.postgres import PostgresStore
from db.sqlite import SqliteStore
from db.voice_models import EntryRow, LockRow, NonceRow, PostRow
from trading.errors import ConfigError

APP = "journal"
APPS: dict[str, dict[str, Any]] = {
    APP: {
        "models": ["db.models", "db.house_models", "db.money_models", "db.voice_models"],
        "migrations": "db.migrations",
        "default_connection": "default",
    }
}

#: For the command line: `tortoise -c db.schema.TORTOISE_ORM makemigrations`. No connection is made.
TORTOISE_ORM: dict[str, Any] = {
    "connections": {"default": "sqlite://unused.db"},
    "apps": APPS,
}

RECORD = "tortoise_migrations"
_RECORDED = f"SELECT name FROM tortoise_migrations WHERE app = '{APP}'"
_THERE = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'tortoise_migrations'",
    "postgres": "SELECT count(*) FROM pg_tables WHERE tablename = 'tortoise_migrations' "
    "AND schemaname = current_schema()",
}
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
_DESK_LOCK = "INSERT INTO locks (name) VALUES ('desk') ON CONFLICT (name) DO NOTHING"
#: Any number, the same in every process that may migrate this database.
_ADVISORY = 7_212_004


def store_for(url: str | Path) -> SqliteStore | PostgresStore:
    """`url` is a path, `sqlite:///path`, or `postgres://user:password@host:port/name`."""
    if isinstance(url, Path):
        return SqliteStore(url)
    if url.startswith("sqlite://"):
        path = url.removeprefix("sqlite://")
        if not path or ":memory:" in path:
            raise ConfigError("a database in memory is lost at exit: give sqlite:///a/file.db")
        return SqliteStore(Path(path))
    return PostgresStore(url)


async def migrate(url: str | Path) -> None:
    """Applies what is missing. Raises ConfigError for a database a newer version has written."""
    store = store_for(url)
    await store.open()
    try:
        await bring_up_to_date(store)
    finally:
        await store.close()


async def bring_up_to_date(store: SqliteStore | PostgresStore) -> None:
    """The same, on an open store; a database already up to date costs two reads."""
    if await _pending(store):
        try:
            await _migrate(store)
        except (OperationalError, sqlite3.Error) as error:
            raise ConfigError(store.explain(error)) from error


async def require_current(store: SqliteStore | PostgresStore) -> None:
    """Raises ConfigError for a database that is not of this version; changes nothing."""
    if await _pending(store):
        raise ConfigError(
            "this database was written by an older Quarterdeck: start the house once, which brings "
            "it up to date"
        )


async def _migrate(store: SqliteStore | PostgresStore) -> None:
    async with TortoiseContext() as context:
        context.connections.set("default", store.client)
        if isinstance(store, SqliteStore):
            await _migrate_sqlite(store, context)
        else:
            await _migrate_postgres(context)


def known() -> set[str]:
    """The migrations this version has, by name."""
    return {name for _, name, _ in pkgutil.iter_modules(db.migrations.__path__)}


async def applied(store: SqliteStore | PostgresStore) -> set[str]:
    """Those the database has seen."""
    ((there,),) = await store.read(_THERE[store.dialect])
    return {row[0] for row in await store.read(_RECORDED)} if there else set()


async def _strange(store: SqliteStore | PostgresStore) -> list[str]:
    """Tables where ours would go; in a file, which is nobody else's to use, any table."""
    there = {row[0] for row in await store.read(_TABLES[store.dialect])} - {RECORD}
    if store.dialect == "sqlite":
        return sorted(there)
    rows: list[type[Model]] = [*ROWS.values(), PostRow, NonceRow, EntryRow, LockRow]
    ours = {row._meta.db_table for row in rows}
    return sorted(there & ours)


async def _pending(store: SqliteStore | PostgresStore) -> set[str]:
    ours = known()
    recorded = await applied(store)
    strange: list[str] = []
    if not recorded and (strange := await _strange(store)):
        recorded = await applied(store)  # made meanwhile, by a process that starts with us
    if not recorded and strange:
        raise ConfigError(
            f"the database holds tables that no Quarterdeck recorded ({', '.join(strange[:3])}): "
            "name an empty one, or choose another folder with QUARTERDECK_DATA"
        )
    newer = sorted(recorded - ours)
    if newer:
        raise ConfigError(
            f"this data folder was written by a newer Quarterdeck (it has {', '.join(newer)}): "
            "update, or choose another folder with QUARTERDECK_DATA"
        )
    return ours - recorded


async def same_version(store: SqliteStore | PostgresStore) -> None:
    """Raises ConfigError where a newer version has changed the tables while we ran."""
    newer = sorted(await applied(store) - known())
    if newer:
        raise ConfigError(
            f"a newer Quarterdeck has changed the database (it has {', '.join(newer)}) while this "
            "process ran: update this one too, then start it"
        )


class _Prepared(MigrationRecorder):
    """Its table is there already: making it again would commit SQLite's open transaction."""

    async def ensure_schema(self, schema_editor: Any) -> None:
        pass


async def _make_record(connection: BaseDBAsyncClient) -> None:
    executor = MigrationExecutor(connection, APPS)
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))


async def _apply(connection: BaseDBAsyncClient) -> None:
    """The tables and the record of them, in the transaction that is open on `connection`."""
    executor = MigrationExecutor(connection, APPS)
    executor.recorder = executor.loader.recorder = _Prepared(connection)
    await executor.migrate()
    await connection.execute_query(_DESK_LOCK)


async def _migrate_sqlite(store: SqliteStore, context: TortoiseContext) -> None:
    await _make_record(store.client)
    async with store.transaction():  # IMMEDIATE: the other processes wait here, then find it done
        wrapper = SqliteTransactionWrapper(store.client)
        token = context.connections.set("default", wrapper)
        try:
            await _apply(wrapper)
        finally:
            context.connections.reset(token)


async def _migrate_postgres(context: TortoiseContext) -> None:
    async with in_transaction("default") as connection:
        await connection.execute_query(f"SELECT pg_advisory_xact_lock({_ADVISORY})")
        await _make_record(connection)
        await _apply(connection)
