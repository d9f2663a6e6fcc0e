"""What can be wrong with a database is said when it is opened, in a line that helps."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from db.journal import open_journal
from db.models import ROWS
from db.schema import APPS, TORTOISE_ORM, migrate
from db.sqlite import SqliteStore
from trading.errors import ConfigError, QuarterdeckError
from trading.facts import Cursor
from trading.people import Member, Role


async def test_the_migrations_make_the_tables_the_models_describe() -> None:
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM, init_connections=False)
        assert context.apps is not None
        changes = await MigrationAutodetector(context.apps, APPS).changes()
    assert [writer.as_string() for writer in changes] == []


@pytest.mark.parametrize("kind", ROWS)
def test_a_table_has_the_fields_of_its_fact(kind: type) -> None:
    named = {f.name for f in fields(kind)}
    assert set(ROWS[kind]._meta.fields_map) == named


async def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await migrate(path)
    before = path.read_bytes()
    await migrate(f"sqlite://{path}")
    assert path.read_bytes() == before


async def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await migrate(path)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) "
            "VALUES ('journal', '0099_options', '2027-01-01')"
        )
    connection.close()
    with pytest.raises(ConfigError, match=r"newer Quarterdeck \(it has 0099_options\).*update"):
        async with open_journal(path):
            pass


async def test_a_migration_that_fails_leaves_no_half_made_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desk.db"
    monkeypatch.setattr("db.schema._DESK_LOCK", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(Exception, match="nowhere"):
        await migrate(path)
    monkeypatch.undo()
    connection = sqlite3.connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "signals" not in tables
    await migrate(path)


async def test_journals_opened_at_once_make_the_tables_once(tmp_path: Path) -> None:
    start = asyncio.Barrier(4)

    async def open_one(n: int) -> None:
        await start.wait()
        async with open_journal(tmp_path / "desk.db") as journal:
            assert len(await journal.append([Cursor(f"c{n}", "")])) == 1

    async with asyncio.TaskGroup() as tasks:
        for n in range(4):
            tasks.create_task(open_one(n))


async def test_a_fresh_file_that_another_process_is_writing_is_waited_for(tmp_path: Path) -> None:
    """SQLite does not wait by itself where a file is turned to WAL while somebody writes."""
    path = tmp_path / "desk.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = SqliteStore(path)
        opening = asyncio.ensure_future(store.open())
        await asyncio.wait([opening], timeout=0.5)
        assert not opening.done()
        other.execute("COMMIT")
        await opening
    ((mode,),) = await store.read("PRAGMA journal_mode")
    await store.close()
    assert mode == "wal"


async def test_a_fresh_file_that_stays_locked_is_told(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigError, match="stayed locked by another program"):
            await SqliteStore(path, busy_seconds=0.2).open()


async def refusal(path: Path | str) -> str:
    with pytest.raises(ConfigError) as caught:
        async with open_journal(path):
            pass
    return str(caught.value)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    said = await refusal(tmp_path / "nowhere" / "desk.db")
    assert "nowhere" in said
    assert "QUARTERDECK_DATA" in said


async def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_text("shopping list\n" * 100)
    assert "not a sound database" in await refusal(path)
    assert path.read_text().startswith("shopping list")


async def test_a_folder_in_the_files_place_cannot_be_opened(tmp_path: Path) -> None:
    assert "cannot be opened" in await refusal(tmp_path)


@pytest.mark.parametrize("url", ["sqlite://:memory:", "sqlite://"])
async def test_a_database_in_memory_is_refused(url: str) -> None:
    assert "lost at exit" in await refusal(url)


@pytest.mark.parametrize("url", ["redis://localhost/0", "nonsense"])
async def test_an_address_of_no_database_is_refused(url: str) -> None:
    assert "is an address like postgres://" in await refusal(url)


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = await refusal(f"postgres://me@/desk?host={tmp_path}")
    assert "cannot be reached" in said
    assert str(tmp_path) in said


async def test_a_file_held_by_another_program_is_named(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await migrate(path)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    store = SqliteStore(path, busy_seconds=0.05)
    await store.open()
    try:
        with pytest.raises(QuarterdeckError, match="stayed locked by another program"):
            async with store.transaction():
                pass
        other.rollback()
        async with store.transaction():
            await store.write("INSERT INTO meta (name, value) VALUES ('a', 'b')")
    finally:
        other.close()
        await store.close()


async def test_a_full_disk_undoes_the_transaction_and_says_so(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "desk.db") as journal:
        ((pages,),) = await journal.store.write("PRAGMA page_count")
        await journal.store.write(f"PRAGMA max_page_count = {pages + 2}")
        many = [Cursor(f"c{n}", "x" * 4000) for n in range(200)]
        with pytest.raises(QuarterdeckError, match="full: free some space"):
            await journal.append(many)
        assert await journal.count(Cursor) == 0
        await journal.store.write(f"PRAGMA max_page_count = {pages + 2000}")
        await journal.append([Cursor("after", "")])
        assert await journal.count(Cursor) == 1


async def test_who_joined_before_there_were_rules_about_people_stays_what_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "desk.db", MigrationExecutor.migrate

    async def before(executor: MigrationExecutor) -> None:
        await whole(executor, [MigrationTarget("journal", "0010_snapshots")])

    with monkeypatch.context() as patched:  # as the version before would have made it
        patched.setattr(MigrationExecutor, "migrate", before)
        await migrate(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO members (user, name, role, joined_at) VALUES (7, 'Ann', 'owner', 0)"
        )
    async with open_journal(path) as journal:
        [ann] = await journal.read(Member)
        assert (ann.user, ann.role, ann.largest, ann.revoked_at) == (7, Role.OWNER, None, None)
        assert await journal.move(ann, role=Role.TRADER) is not None
