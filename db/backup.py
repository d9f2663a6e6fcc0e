"""Every table's rows in a form both databases read: one consistent view of them, and the way back.

A row is a JSON list in the order of its columns: decimals and dates are strings, bytes base64,
moments whole microseconds. What one database has written the other takes, ids and versions alike.
"""

import asyncio
import inspect
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import MISSING, dataclass, fields
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any, Protocol, get_type_hints

from tortoise.fields import BinaryField, BooleanField, DateField
from tortoise.fields.base import Field
from tortoise.models import Model

from db.codecs import UNREADABLE, Dialect, codec_for, plain
from db.fields import ExactField
from db.journal import OrmJournal
from db.models import ROWS
from db.posts import Entry, Nonce, Post
from db.schema import APP, APPS
from db.sqlite import SqliteStore
from db.tables import PARAMETERS
from db.voice_models import EntryRow, LockRow, NonceRow, PostRow
from trading.errors import ConfigError, DataError

Rows = list[list[Any]]
PAGE, FAT_PAGE = 1_000, 20  # rows at a time; of a table that holds pictures

#: Ids a restored database leaves out: what was given after the backup may be known to a broker.
GAP = 10_000

#: A house that only looked in has written these.
TRACES = frozenset({"meta", "beats"})

_KINDS: dict[type[Model], type[Any]] = {
    **{row: kind for kind, row in ROWS.items()},
    PostRow: Post,
    NonceRow: Nonce,
    EntryRow: Entry,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """One table that is backed up. `columns` come with their Tortoise field."""

    name: str
    columns: Mapping[str, Field[Any]]
    kind: type[Any] | None  # the dataclass its rows stand for

    @property
    def page(self) -> int:
        """Rows that are read, written and held at a time."""
        fat = any(isinstance(field, BinaryField) for field in self.columns.values())
        return FAT_PAGE if fat else PAGE


def tables() -> dict[str, Kept]:
    """Every table migrations make by name, but the one that only holds a lock."""
    rows = {
        row
        for module in APPS[APP]["models"]
        for _, row in inspect.getmembers(import_module(module), inspect.isclass)
        if issubclass(row, Model) and row not in (Model, LockRow)
    }
    kept = [Kept(row._meta.db_table, dict(row._meta.fields_map), _KINDS.get(row)) for row in rows]
    return {table.name: table for table in sorted(kept, key=lambda table: table.name)}


# Values


def _to_wire(field: Field[Any]) -> Callable[[Any], Any] | None:
    if isinstance(field, ExactField):
        return _digits
    if isinstance(field, BinaryField):
        return lambda value: b64encode(value).decode()
    if isinstance(field, BooleanField):
        return bool
    if isinstance(field, DateField):
        return str  # 2026-02-03, of a date and of its text alike
    return None


def _digits(value: Any) -> str:
    """One that is no amount goes as it stands: a backup keeps a damaged row rather than fail."""
    try:
        return plain(Decimal(value))
    except UNREADABLE:
        return str(value)


def _from_wire(field: Field[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(field, BinaryField):
        return b64decode
    if dialect == "postgres":
        if isinstance(field, ExactField):
            return Decimal
        if isinstance(field, DateField):
            return date.fromisoformat
    return None


def _converted(rows: Iterable[Sequence[Any]], by: Sequence[Callable[[Any], Any] | None]) -> Rows:
    return [
        [
            value if change is None or value is None else change(value)
            for value, change in zip(row, by, strict=True)
        ]
        for row in rows
    ]


# One consistent view


class Snapshot(Protocol):
    """The database as it was at one moment, whoever writes meanwhile."""

    def pages(self, table: Kept) -> AsyncIterator[Rows]:
        """A table's rows by id, some at a time."""
        ...

    async def last_id(self, table: Kept) -> int:
        """The highest id ever given in it, whether its row is still there or not."""
        ...


def snapshot(journal: OrmJournal) -> AbstractAsyncContextManager[Snapshot]:
    """Holds up nobody: SQLite's WAL and PostgreSQL's repeatable read keep what is being read."""
    store = journal.store
    return _of_file(store) if isinstance(store, SqliteStore) else _of_server(store.client)


def _select(table: Kept) -> str:
    return f'SELECT {_quoted(table.columns)} FROM "{table.name}" ORDER BY "id"'


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@asynccontextmanager
async def _of_file(store: SqliteStore) -> AsyncIterator[Snapshot]:
    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{store.path.absolute().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # one call at a time, each in whichever thread is free
        )
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the view begins here
        return connection

    try:
        connection = await asyncio.to_thread(opened)
        try:
            yield _FileSnapshot(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ConfigError(store.explain(error)) from error


class _FileSnapshot:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def pages(self, table: Kept) -> AsyncIterator[Rows]:
        by = [_to_wire(field) for field in table.columns.values()]
        cursor = self._connection.execute(_select(table))

        def page() -> Rows:
            return _converted(cursor.fetchmany(table.page), by)

        while rows := await asyncio.to_thread(page):
            yield rows

    async def last_id(self, table: Kept) -> int:
        given = self._connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
        ).fetchone()
        return int(given[0]) if given else 0


@asynccontextmanager
async def _of_server(client: Any) -> AsyncIterator[Snapshot]:
    async with client.acquire_connection() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield _ServerSnapshot(connection)


class _ServerSnapshot:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def pages(self, table: Kept) -> AsyncIterator[Rows]:
        by = [_to_wire(field) for field in table.columns.values()]
        cursor = await self._connection.cursor(_select(table))
        while found := await cursor.fetch(table.page):
            yield await asyncio.to_thread(_converted, found, by)

    async def last_id(self, table: Kept) -> int:
        sequence = await self._connection.fetchval(
            "SELECT pg_get_serial_sequence($1, 'id')", table.name
        )
        return int(
            await self._connection.fetchval(
                f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"
            )
        )


# The way back


async def holds(journal: OrmJournal) -> dict[str, int]:
    """How many rows each table has that has any; traces of a look do not count."""
    found = {}
    for name in tables():
        if name not in TRACES:
            ((count,),) = await journal.store.read(f'SELECT count(*) FROM "{name}"')
            if count:
                found[name] = int(count)
    return found


async def clear(journal: OrmJournal) -> None:
    """Inside the transaction that restores."""
    for name in tables():
        await journal.store.write(f'DELETE FROM "{name}"')


class Loader:
    """One table's rows on their way in, inside the caller's transaction. `names` are the columns
    the backup has; one it lacks gets its field's default. DataError for one nobody knows."""

    def __init__(self, journal: OrmJournal, table: Kept, names: Sequence[str]) -> None:
        unknown = [name for name in names if name not in table.columns]
        if unknown:
            raise DataError(f"the backup's {table.name} have a column {unknown[0]!r} nobody knows")
        self._store = journal.store
        self._table = table
        self._dialect = journal.store.dialect
        self._by = [_from_wire(table.columns[name], self._dialect) for name in names]
        missing = [name for name in table.columns if name not in names]
        self._added = [_default(table, name, self._dialect) for name in missing]
        self._names = [*names, *missing]
        self.chunk = min(table.page, PARAMETERS // len(self._names))

    async def add(self, rows: Rows) -> None:
        for start in range(0, len(rows), self.chunk):
            part = _converted(rows[start : start + self.chunk], self._by)
            await self._insert([[*row, *self._added] for row in part])

    async def _insert(self, rows: Rows) -> None:
        head = f'INSERT INTO "{self._table.name}" ({_quoted(self._names)}) '
        if self._dialect == "postgres":
            arrays = ", ".join(
                f"${at}::{_sql_type(self._table.columns[name])}[]"
                for at, name in enumerate(self._names, 1)
            )
            columns = [list(column) for column in zip(*rows, strict=True)]
            await self._store.write(f"{head}SELECT * FROM unnest({arrays})", columns)
            return
        group = f"({', '.join('?' * len(self._names))})"
        values = [value for row in rows for value in row]
        await self._store.write(f"{head}VALUES {', '.join([group] * len(rows))}", values)

    async def end(self, last_id: int) -> None:
        """The next row's id lies above every one ever given, with room for those given since."""
        if self._dialect == "postgres":
            await self._store.read(
                "SELECT setval(pg_get_serial_sequence($1, 'id'), $2)",
                [self._table.name, last_id + GAP],
            )
            return
        await self._store.write("DELETE FROM sqlite_sequence WHERE name = ?", [self._table.name])
        await self._store.write(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            [self._table.name, last_id + GAP],
        )


def _sql_type(field: Field[Any]) -> str:
    return str(field.get_for_dialect("postgres", "SQL_TYPE")).partition(" COLLATE")[0]


def _default(table: Kept, name: str, dialect: Dialect) -> Any:
    """What a column that came after the backup holds in its rows."""
    if table.kind is not None:
        field = next(f for f in fields(table.kind) if f.name == name)
        value = field.default if field.default_factory is MISSING else field.default_factory()
        if value is not MISSING:
            return codec_for(get_type_hints(table.kind)[name], dialect).write(value)
    if table.columns[name].null:
        return None
    raise DataError(f"the backup has no {name!r} for its {table.name}, and nobody knows a default")
