"""A database that is read-only, full, locked, gone, torn or of another version: said once in a
line that helps, nothing half written, and back by itself once it is mended. Real faults."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from db.journal import OrmJournal, open_journal
from db.schema import migrate
from db.sqlite import SqliteStore
from trading.errors import ConfigError, JournalError
from trading.facts import Cursor

MANY = [Cursor(f"c{n}", "x" * 4000) for n in range(1500)]


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own, of 6 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    folder = Path(tempfile.mkdtemp(prefix="quarterdeck-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], check=False, capture_output=True
    )
    if made.returncode:
        folder.rmdir()
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


async def refused(journal: OrmJournal, words: str, times: int = 3) -> None:
    """Each way of writing is refused in these words, and reading goes on."""
    for n in range(times):
        with pytest.raises(JournalError, match=words):
            await journal.append([Cursor(f"one{n}", "x" * 3000)])
        with pytest.raises(JournalError, match=words):
            async with journal.transaction():
                await journal.append(MANY)
    assert words in journal.away
    assert [c.name for c in await journal.read(Cursor)] == ["before"]
    assert words in journal.away, "that it can be read is not all"


async def works(journal: OrmJournal) -> None:
    await journal.append([Cursor("after", "")])
    assert [c.name for c in await journal.read(Cursor)] == ["before", "after"]
    assert journal.away == ""


async def test_a_file_that_became_read_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_journal(tmp_path / "desk.db") as journal:
        store = journal.store
        assert isinstance(store, SqliteStore)
        await journal.append([Cursor("before", "")])
        await store.client.execute_query("PRAGMA query_only = ON")
        await refused(journal, "cannot be written: give this user write access")
        await store.client.execute_query("PRAGMA query_only = OFF")
        await works(journal)
    assert said(caplog, "cannot be written") == 1
    assert said(caplog, "the database is back") == 1


async def test_a_disk_that_is_full(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_journal(small_disk / "desk.db") as journal:
        await journal.append([Cursor("before", "")])
        with pytest.raises(OSError, match="No space"), (small_disk / "ballast").open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        await refused(journal, "is full: free some space")
        (small_disk / "ballast").unlink()
        await works(journal)
    assert said(caplog, "is full") == 1
    assert said(caplog, "the database is back") == 1


async def test_a_disk_mounted_read_only_is_named_at_the_start(small_disk: Path) -> None:
    await migrate(small_disk / "desk.db")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(ConfigError, match="lies in a read-only place: make that writable"):
        async with open_journal(small_disk / "desk.db"):
            pass


async def test_a_file_another_program_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "desk.db"
    await migrate(path)
    monkeypatch.setattr(SqliteStore.__init__, "__defaults__", (0.1,))
    async with open_journal(path) as journal:
        await journal.append([Cursor("before", "")])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await refused(journal, "stayed locked by another program: close that program", times=2)
        await works(journal)
    assert said(caplog, "stayed locked") == 1


async def torn(path: Path, change: str) -> None:
    async with open_journal(path) as journal:
        await journal.append([Cursor(f"c{n}", "x" * 2000) for n in range(200)])
    data = bytearray(path.read_bytes())
    if change == "short":
        del data[len(data) // 2 :]
    elif change == "head":
        data[:100] = os.urandom(100)
    else:  # the leaves in the last third, the head and schema are as they were
        start = len(data) * 2 // 3 // 4096 * 4096
        data[start:] = os.urandom(len(data) - start)
    path.write_bytes(data)


async def test_a_torn_file_is_named_once_and_not_written_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "desk.db"
    await torn(path, "pages")
    async with open_journal(path) as journal:
        for _ in range(3):
            with pytest.raises(JournalError, match="not a sound database: stop Quarterdeck"):
                await journal.read(Cursor)
        assert "restore the newest backup" in journal.away
    assert said(caplog, "not a sound database") == 1
    assert said(caplog, "is back") == 0, "a torn file does not mend itself"


@pytest.mark.parametrize("change", ["head", "short"])
async def test_a_file_without_its_head_or_its_end_is_refused_as_it_is(
    tmp_path: Path, change: str
) -> None:
    path = tmp_path / "desk.db"
    await torn(path, change)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="not a sound database"):
        async with open_journal(path):
            pass
    assert path.read_bytes() == before


async def test_a_database_of_another_program_gets_no_tables_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE orders (article TEXT)")
        other.commit()
    with pytest.raises(ConfigError, match=r"tables that no Quarterdeck recorded \(orders\)"):
        async with open_journal(path):
            pass
    with closing(sqlite3.connect(path)) as other:
        tables = {name for (name,) in other.execute("SELECT name FROM sqlite_master")}
    assert tables == {"orders"}


async def test_an_older_process_learns_that_a_newer_one_took_the_database(
    orm: OrmJournal,
) -> None:
    await orm.same_version()
    now = "0" if orm.store.dialect == "sqlite" else "now()"
    try:
        await orm.store.write(
            "INSERT INTO tortoise_migrations (app, name, applied_at) "
            f"VALUES ('journal', '0099_options', {now})"
        )
        with pytest.raises(ConfigError, match=r"newer .* \(it has 0099_options\) while this proc"):
            await orm.same_version()
    finally:
        await orm.store.write("DELETE FROM tortoise_migrations WHERE name = '0099_options'")


# PostgreSQL


@pytest.fixture
def url(postgres) -> str:  # type: ignore[no-untyped-def]
    migrated: str = postgres.create_migrated()
    return migrated


@pytest.fixture
async def served(url: str) -> AsyncIterator[OrmJournal]:
    async with open_journal(url) as journal:
        await journal.append([Cursor("before", "")])
        yield journal


async def admin(postgres, *statements: str) -> None:  # type: ignore[no-untyped-def]
    connection = await asyncpg.connect(host=str(postgres.folder), user="postgres")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_server_that_became_read_only(
    postgres,  # type: ignore[no-untyped-def]
    served: OrmJournal,
    caplog: pytest.LogCaptureFixture,
) -> None:
    setting = "ALTER SYSTEM SET default_transaction_read_only = "
    await admin(postgres, setting + "on", "SELECT pg_reload_conf()")
    try:
        await until_read_only(served)
        await refused(served, "is read-only: connect to its primary")
    finally:
        # the first line, or this connection could not write either
        writable = "SET default_transaction_read_only = off"
        await admin(postgres, writable, setting + "off", "SELECT pg_reload_conf()")
    async with asyncio.timeout(5):
        while True:
            try:
                await works(served)
                break
            except JournalError:
                await asyncio.sleep(0.05)
    assert said(caplog, "is read-only") == 1
    assert said(caplog, "the database is back") == 1


async def until_read_only(journal: OrmJournal) -> None:
    """A reload reaches a connection before its next statement, though not at once."""
    async with asyncio.timeout(5):
        while True:
            ((now,),) = await journal.store.read("SHOW default_transaction_read_only")
            if now == "on":
                return
            await asyncio.sleep(0.02)


async def test_a_server_whose_disk_is_full(
    postgres,  # type: ignore[no-untyped-def]
    served: OrmJournal,
    small_disk: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    space = small_disk / "space"
    space.mkdir()
    for place in (small_disk, space):
        shutil.chown(place, "nobody", "nogroup")
    name = f"small{os.getpid()}"
    await admin(postgres, f"CREATE TABLESPACE {name} LOCATION '{space}'")
    try:
        await served.store.write(f"ALTER TABLE cursors SET TABLESPACE {name}")
        with pytest.raises(JournalError, match="is full: free some space"):
            await served.append([Cursor(c.name, os.urandom(2000).hex()) for c in MANY])
        assert "is full" in served.away
        assert [c.name for c in await served.read(Cursor)] == ["before"]
        await works(served)
    finally:
        await served.store.write("ALTER TABLE cursors SET TABLESPACE pg_default")
        await admin(postgres, "CHECKPOINT", f"DROP TABLESPACE {name}")
    assert said(caplog, "the database is back") == 1


async def test_a_server_that_is_stopped_and_started_again(
    postgres,  # type: ignore[no-untyped-def]
    served: OrmJournal,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asyncio.to_thread(postgres.stop)
    try:
        for _ in range(3):
            with pytest.raises(JournalError):
                await served.read(Cursor)
            with pytest.raises(JournalError):
                await served.append([Cursor("meanwhile", "")])
        assert "cannot be reached" in served.away
    finally:
        await asyncio.to_thread(postgres.restart)
    await works(served)
    assert said(caplog, "the database is back") == 1
    assert said(caplog, "cannot be reached") == 1


async def test_a_user_who_may_no_longer_write(postgres, served: OrmJournal) -> None:  # type: ignore[no-untyped-def]
    ((database,),) = await served.store.read("SELECT current_database()")
    role = f"reader{os.getpid()}"
    connection = await asyncpg.connect(
        host=str(postgres.folder), user="postgres", database=database
    )
    await connection.execute(f"CREATE ROLE {role} LOGIN")
    await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    url = postgres.url(database).replace("postgres@", f"{role}@")
    try:
        async with open_journal(url) as reading:
            await refused(reading, "does not let this user in: grant it the tables", times=1)
    finally:
        await connection.execute(f"DROP OWNED BY {role}")
        await connection.execute(f"DROP ROLE {role}")
        await connection.close()
