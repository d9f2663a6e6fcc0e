"""The journal on a database: `trading.ports.Journal` over SQLite or PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from db.codecs import Dialect
from db.models import ROWS
from db.postgres import PostgresStore
from db.schema import bring_up_to_date, require_current, same_version, store_for
from db.sqlite import SqliteStore
from db.tables import Table
from trading.damage import Damaged
from trading.errors import DamagedRow
from trading.facts import MOVES, UNIQUE, WHOLE, Latch, Notice
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill

F = TypeVar("F")

#: Kinds read by following their ids, which therefore must be given in the order of commits.
FOLLOWED = frozenset({Fill, Adjustment, Action, Rate, Notice})

log = logging.getLogger(__name__)

#: Rows turned into facts before other tasks get a turn, about 10 ms; fewer that hold pictures.
SLICE, FAT_SLICE = 1_000, 20


def tables_for(dialect: Dialect) -> dict[type[Any], Table[Any]]:
    return {kind: Table(kind, row, UNIQUE.get(kind, ()), dialect) for kind, row in ROWS.items()}


class OrmJournal:
    """Any number of processes may hold one on the same database. Open it with `open_journal`."""

    def __init__(self, store: SqliteStore | PostgresStore) -> None:
        self.store = store
        self._tables = tables_for(store.dialect)
        self._damage: dict[tuple[str, int], Damaged] = {}

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All or nothing, one writer at a time among all processes; nested, it joins."""
        return self.store.transaction()

    async def append(self, facts: Sequence[F]) -> list[F]:
        """Record facts of one kind; those whose unique key exists are skipped. Returns the new
        ones in the order given, with their ids."""
        if not facts:
            return []
        table: Table[F] = self.table(type(facts[0]))
        if len(facts) > 1:
            if any(type(fact) is not table.kind for fact in facts):
                raise ValueError("facts of one kind are appended at a time")
            return await self._append_many(table, facts)
        values = table.values(facts[0], table.written)
        statement = table.insert([values], with_ids=False)
        if table.kind in FOLLOWED:
            async with self.transaction():
                rows = await self.store.write(*statement)
        else:
            rows = await self.store.write(*statement)
        return [replace(facts[0], id=rows[0][0])] if rows else []  # type: ignore[type-var]

    async def _append_many(self, table: Table[F], facts: Sequence[F]) -> list[F]:
        """Ids are taken first, so that what comes back tells which rows are new."""
        rows = [table.values(fact, table.written) for fact in facts]
        added: list[F] = []
        async with self.transaction():
            ids = await self._take_ids(table, len(facts))
            for start in range(0, len(facts), table.chunk):
                part = slice(start, start + table.chunk)
                chunk = list(zip(ids[part], facts[part], rows[part], strict=True))
                new = await self.insert(table, [(id_, values) for id_, _, values in chunk])
                added += [replace(fact, id=id_) for id_, fact, _ in chunk if id_ in new]  # type: ignore[type-var]
        return added

    async def insert(self, table: Table[Any], rows: Sequence[tuple[int, list[Any]]]) -> set[int]:
        """One statement; each row is its id and the values of `table.written`. Returns the ids
        that went in."""
        place = table.fields.index("id")
        full = [[*values[:place], id_, *values[place:]] for id_, values in rows]
        return {row[0] for row in await self.store.write(*table.insert(full, with_ids=True))}

    async def _take_ids(self, table: Table[Any], count: int) -> list[int]:
        if self.store.dialect == "postgres":
            taken = await self.store.read(
                "SELECT nextval(pg_get_serial_sequence($2, 'id')) FROM generate_series(1, $1)",
                [count, table.name],
            )
            return [row[0] for row in taken]
        last = await self.store.read("SELECT seq FROM sqlite_sequence WHERE name = ?", [table.name])
        first = (last[0][0] if last else 0) + 1
        return list(range(first, first + count))

    async def move(self, fact: F, **changes: Any) -> F | None:
        """Compare-and-set on (id, version): the moved fact, or None if somebody was first.

        Raises ValueError for an illegal change of state, an unknown field, a change of identity,
        or a kind that is only appended.
        """
        table: Table[F] = self.table(type(fact))
        check_move(fact, changes)
        here = {"id": fact.id, "version": fact.version}  # type: ignore[attr-defined]
        rows = await self.store.write(*table.update(changes, here, versioned=True))
        return table.fact(rows[0]) if rows else None

    async def read(
        self, kind: type[F], /, *, order: str = "id", limit: int | None = None, **where: Any
    ) -> list[F]:
        """`order` is a field name, "-" before it for descending; several joined by commas.

        An empty value sorts first, ties by id; `__not` also matches empty fields. Rows that cannot
        be read are left out, or raise DamagedRow, as `trading.ports.Journal` says.
        """
        table: Table[F] = self.table(kind)
        facts: list[F] = []
        looked = 0
        while True:
            rows = await self._rows(table, where, order, limit, looked)
            looked += len(rows)
            facts += await self._facts(table, rows, limit - len(facts) if limit else len(rows))
            if limit is None or len(rows) < limit or len(facts) >= limit:
                return facts

    async def _rows(
        self, table: Table[F], where: Mapping[str, Any], order: str, limit: int | None, after: int
    ) -> Sequence[Sequence[Any]]:
        statement, args = table.select(where, order, limit, after)
        if table.kind is Latch and self.store.dialect == "postgres" and self.store.inside:
            # A halt that comes now waits for us, rather than slip between our look and our write.
            statement += " FOR SHARE"
        return await self.store.read(statement, args)

    async def _facts(self, table: Table[F], rows: Sequence[Sequence[Any]], most: int) -> list[F]:
        """At most `most` of them; a row that cannot be read is left out where that does no harm."""
        facts: list[F] = []
        for start in range(0, len(rows), SLICE):
            for row in rows[start : start + SLICE]:
                try:
                    facts.append(table.fact(row))
                except DamagedRow as error:
                    self.met(error.row)
                    if table.kind in WHOLE:
                        raise
            if len(rows) > SLICE:
                await asyncio.sleep(0)
        return facts[:most]

    @property
    def away(self) -> str:
        """What keeps the database from working, in a line; empty while it does."""
        return self.store.outage.why

    @property
    def damage(self) -> Sequence[Damaged]:
        """Rows that could not be read, each once, as met since this process began."""
        return tuple(self._damage.values())

    def met(self, row: Damaged) -> None:
        """Remember a row that cannot be read; said in the log when it is new."""
        if self._damage.get((row.table, row.id)) != row:
            self._damage[row.table, row.id] = row
            log.error("%s", row)

    async def damaged(self, *kinds: type[Any], **where: Any) -> list[Damaged]:
        """Reads rows, of every kind where none is given, to find those that cannot be read. Of
        everything it takes about 3 s for 100,000 rows."""
        found: list[Damaged] = []
        for kind in kinds or tuple(self._tables):
            table = self.table(kind)
            found += await self._unsound(table, where)
        for row in found:
            self.met(row)
        return found

    async def mended(self) -> list[Damaged]:
        """Of the rows in `damage`, those that can be read again or are gone; forgotten with it."""
        tables = {table.name: table for table in self._tables.values()}
        sound = [
            row
            for row in self.damage
            if row.table in tables and not await self._unsound(tables[row.table], {"id": row.id})
        ]
        for row in sound:
            del self._damage[row.table, row.id]
        return sound

    async def _unsound(self, table: Table[Any], where: Mapping[str, Any]) -> list[Damaged]:
        found: list[Damaged] = []
        last, page = 0, FAT_SLICE if bytes in table.hints else SLICE
        while True:
            rows = await self.store.read(*table.select({**where, "id__gt": last}, "id", page))
            for row in rows:
                try:
                    table.fact(row)
                except DamagedRow as error:
                    found.append(error.row)
            if len(rows) < page:
                return found
            last = rows[-1][table.fields.index("id")]
            await asyncio.sleep(0)

    async def first(self, kind: type[F], /, *, order: str = "id", **where: Any) -> F | None:
        found = await self.read(kind, order=order, limit=1, **where)
        return found[0] if found else None

    async def count(self, kind: type[Any], /, **where: Any) -> int:
        ((total,),) = await self.store.read(*self.table(kind).count(where))
        return int(total)

    async def remove(self, kind: type[Any], /, **where: Any) -> int:
        """Prune; for rows that are caches or handled. Returns how many went."""
        return len(await self.store.write(*self.table(kind).delete(where)))

    async def same_version(self) -> None:
        """Raises ConfigError where a newer version has changed the tables since it was opened."""
        await same_version(self.store)

    def table(self, kind: type[Any]) -> Table[Any]:
        table = self._tables.get(kind)
        if table is None:
            raise ValueError(f"the journal keeps no {kind.__name__}")
        return table


def check_move(fact: Any, changes: dict[str, Any]) -> None:
    """Raises ValueError for a change the journal refuses."""
    kind = type(fact)
    name = kind.__name__.lower()
    if not hasattr(fact, "version"):
        raise ValueError(f"a {name} is only appended, never changed")
    fixed = {"id", "version", *UNIQUE.get(kind, ())} & changes.keys()
    if fixed:
        raise ValueError(f"a {name}'s {', '.join(sorted(fixed))} never changes")
    legal = MOVES.get(kind)
    if legal is not None and "state" in changes:
        state = changes["state"]
        if state not in legal.get(fact.state, frozenset()):
            raise ValueError(f"{name} {fact.id} cannot go from {fact.state} to {state}")


@asynccontextmanager
async def open_journal(url: str | Path) -> AsyncIterator[OrmJournal]:
    """A path, `sqlite:///path` or `postgres://…`, brought to this version's tables first.

    Raises ConfigError when the database cannot be used; its text says what to do.
    """
    store = store_for(url)
    await store.open()
    try:
        await bring_up_to_date(store)
        yield OrmJournal(store)
    finally:
        await store.close()


@asynccontextmanager
async def open_to_read(url: str | Path) -> AsyncIterator[OrmJournal]:
    """The same for who only reads: ConfigError where its tables are of another version."""
    store = store_for(url)
    await store.open()
    try:
        await require_current(store)
        yield OrmJournal(store)
    finally:
        await store.close()
