# a whole transaction is what must raise
"""What only databases do: seeding in bulk, hostile text, lost connections, newer tables."""

import asyncio
import os
import signal
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

import db.migrations
from db.journal import OrmJournal, open_journal
from db.loading import load
from db.postgres import PostgresStore
from db.schema import APP, APPS
from db.sqlite import SqliteStore
from replay.journal import MemoryJournal
from trading.errors import ConfigError, QuarterdeckError
from trading.facts import Cursor, Pause, Request, Run
from trading.money import Mark
from trading.orders import Fill, Order
from trading.types import Side

OPEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


def order(n: int) -> Order:
    return Order(
        f"o{n}", "dip", "paper", "main", "AAPL", Side.BUY, Decimal(10), OPEN, OPEN, signal_id=n
    )


def fill(n: int) -> Fill:
    return Fill(
        "paper",
        "main",
        f"x{n}",
        f"o{n}",
        "dip",
        "AAPL",
        Side.BUY,
        Decimal(10),
        Decimal("101.25"),
        Decimal("0.35"),
        "USD",
        OPEN,
    )


async def test_a_replayed_desk_is_loaded_with_its_ids(orm: OrmJournal) -> None:
    memory = MemoryJournal()
    await memory.append([order(n) for n in range(1200)])
    await memory.append([fill(n) for n in range(1200)])
    await memory.append([Mark(OPEN.date(), "main", "dip", "USD", 1, 2, 3, 4, 5)])
    await memory.remove(Order, id__lt=100)
    assert await load(orm, memory.everything()) == 1101 + 1200 + 1
    for kind in (Order, Fill, Mark):
        assert await orm.read(kind) == memory.facts(kind)
    [added] = await orm.append([order(5000)])
    assert added.id == 1201
    assert [f.id for f in await orm.append([fill(5000), fill(5001)])] == [1201, 1202]


async def test_facts_are_loaded_into_an_empty_database_only(orm: OrmJournal) -> None:
    await orm.append([Cursor("a", "1")])
    with pytest.raises(ConfigError, match="already holds cursors"):
        await load(orm, {Order: [replace(order(1), id=1)]})
    assert await orm.count(Order) == 0


async def test_a_load_that_fails_leaves_nothing(orm: OrmJournal) -> None:
    with pytest.raises(ValueError, match="same key"):
        await load(
            orm,
            {
                Fill: [replace(fill(1), id=1)],
                Order: [replace(order(1), id=1), replace(order(1), id=2)],
            },
        )
    assert await orm.count(Fill) == 0


async def test_text_no_database_takes_is_made_harmless(orm: OrmJournal) -> None:
    nasty = "nul \0 and half a surrogate \ud83d"
    [asked] = await orm.append(
        [Request("tradingview", nasty, "", OPEN, args=(nasty,), payload={"body": nasty, "n": [1]})]
    )
    found = await orm.first(Request, source_id=nasty)
    assert found is not None
    assert found.args == (nasty,)
    assert found.payload == asked.payload
    assert await orm.append([asked]) == []


async def test_a_moment_without_a_zone_is_refused_by_name(orm: OrmJournal) -> None:
    with pytest.raises(ValueError, match=r"Order\.execute_at: .* no time zone"):
        await orm.append([replace(order(1), execute_at=datetime(2026, 2, 3))])
    with pytest.raises(ValueError, match=r"Fill\.price: "):
        await orm.append([replace(fill(1), price=1.5)])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Fill\.fee: "):
        await orm.append([replace(fill(1), fee=Decimal("NaN")), fill(2)])
    assert await orm.count(Fill) == 0


async def test_two_journals_on_one_database_take_turns(address: str | Path) -> None:
    async with open_journal(address) as one, open_journal(address) as other:
        await one.append([Cursor("n", "0")])

        async def add(journal: OrmJournal) -> None:
            for _ in range(25):
                async with journal.transaction():
                    cursor = await journal.first(Cursor)
                    assert cursor is not None
                    assert await journal.move(cursor, value=str(int(cursor.value) + 1))
                    await journal.append([fill(int(cursor.value) // 2)])

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(add(one))
            tasks.create_task(add(other))
        assert [c.value for c in await other.read(Cursor)] == ["50"]
        assert await one.count(Fill) == 25


async def test_a_reader_follows_fills_by_id_and_misses_none(address: str | Path) -> None:
    async with open_journal(address) as writing, open_journal(address) as reading:
        begun = asyncio.Event()
        seen: list[Fill] = []

        async def slow() -> None:
            async with writing.transaction():
                await writing.append([fill(1), fill(2)])
                begun.set()
                await asyncio.sleep(0.05)  # others would take later ids and commit first

        async def quick() -> None:
            await begun.wait()
            await reading.append([fill(3)])
            seen.extend(await reading.read(Fill))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(slow())
            tasks.create_task(quick())
        assert [f.execution_id for f in seen] == ["x1", "x2", "x3"]


async def test_journals_of_both_kinds_are_open_in_one_process(
    address: str | Path, tmp_path: Path
) -> None:
    async with open_journal(tmp_path / "other.db") as one, open_journal(address) as other:
        for journal in (one, other, one):
            await journal.append([fill(1)])
            assert (await journal.read(Fill, symbol="AAPL", at__lte=OPEN))[0].quantity == 10


async def test_a_server_that_drops_us_is_named_and_met_again(postgres, orm: OrmJournal) -> None:  # type: ignore[no-untyped-def]
    if orm.store.dialect != "postgres":
        pytest.skip("SQLite has no server")
    with pytest.raises(QuarterdeckError, match="closed the connection"):
        async with orm.transaction():
            await orm.append([Cursor("a", "1")])
            killer = await asyncpg.connect(host=str(postgres.folder), user="postgres")
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
            )
            await killer.close()
            await orm.append([Cursor("b", "1")])
    assert await orm.count(Cursor) == 0
    async with orm.transaction():
        await orm.append([Cursor("b", "1")])
    assert await orm.count(Cursor) == 1


async def test_a_server_that_drops_us_after_the_commit_has_committed(
    postgres,  # type: ignore[no-untyped-def]
    orm: OrmJournal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not isinstance(orm.store, PostgresStore):
        pytest.skip("SQLite has no server")
    release = orm.store._release

    async def dropped() -> None:
        """The server ends the connection while it is being made ready for the next."""
        monkeypatch.undo()
        pid = orm.store._holding.get_server_pid()
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.TaskGroup() as group:
            group.create_task(release())
            await asyncio.sleep(0.1)
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)

    monkeypatch.setattr(orm.store, "_release", dropped)
    async with orm.transaction():
        await orm.append([Cursor("a", "1")])
    async with orm.transaction():
        await orm.append([Cursor("b", "1")])
    assert await orm.count(Cursor) == 2


async def test_an_empty_server_gets_its_tables_once_however_many_start(postgres) -> None:  # type: ignore[no-untyped-def]
    url = postgres.create()
    start = asyncio.Barrier(4)

    async def open_one(n: int) -> None:
        await start.wait()
        async with open_journal(url) as journal:
            await journal.append([Cursor(f"c{n}", "")])

    async with asyncio.TaskGroup() as tasks:
        for n in range(4):
            tasks.create_task(open_one(n))
    connection = await asyncpg.connect(url)
    try:
        migrations = len(list(Path(db.migrations.__path__[0]).glob("0*.py")))
        recorded = await connection.fetchval("SELECT count(*) FROM tortoise_migrations")
        assert recorded == migrations
        await connection.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) "
            "VALUES ('journal', '0099_options', now())"
        )
    finally:
        await connection.close()
    with pytest.raises(ConfigError, match="newer Quarterdeck"):
        async with open_journal(url):
            pass


async def test_a_database_that_does_not_exist_is_named(postgres) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="there is no PostgreSQL database nowhere"):
        async with open_journal(postgres.url("nowhere")):
            pass


async def migrate_to(path: Path, last: str) -> None:
    """A database as the version that had `last` as its newest migration left it."""
    store = SqliteStore(path)
    await store.open()
    try:
        async with TortoiseContext() as context:
            context.connections.set("default", store.client)
            await MigrationExecutor(store.client, APPS).migrate([MigrationTarget(APP, last)])
    finally:
        await store.close()


async def test_runs_of_before_they_counted_their_starts_count_none(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    await migrate_to(path, "0003_crew")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO locks (name) VALUES ('desk')")
        connection.execute(
            "INSERT INTO runs (job, due_at, state, args, outcome, version) "
            "VALUES ('mark', 0, 'done', '{}', '', 0)"
        )
    connection.close()
    async with open_journal(path) as journal:
        [run] = await journal.read(Run)
        assert (run.job, run.starts, run.failures, run.not_before) == ("mark", 0, 0, None)
        assert await journal.append([Pause("mark", OPEN)])


async def test_fills_and_marks_of_before_taxes_and_rates_count_none(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    await migrate_to(path, "0008_claims")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO fills (broker, account, execution_id, order_key, strategy, symbol, side, "
            "quantity, price, fee, currency, at, multiplier) VALUES "
            "('paper', 'main', 'x', 'k', 'dip', 'AAPL', 'buy', '1', '2', '0.1', 'USD', 0, '1')"
        )
        connection.execute(
            "INSERT INTO marks (session, account, strategy, currency, realised, unrealised, fees, "
            "exposure, trades) VALUES ('2026-02-03', 'main', 'dip', 'USD', 9, 2, 1, 4, 5)"
        )
    connection.close()
    async with open_journal(path) as journal:
        [fill] = await journal.read(Fill)
        assert (fill.tax, fill.reverses) == (0, "")
        [mark] = await journal.read(Mark)
        assert (mark.net, mark.taxes, mark.fx) == (10, 0, 0)
