"""A backup holds everything, restores into either database, and a bad one changes nothing."""

import asyncio
import gzip
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import backup
from brokers.paper_book import PaperBook
from db import archive
from db import backup as tables
from db.journal import OrmJournal, open_journal
from folder import instruments_file, paper_book
from settings import BackupSettings, Settings
from tests.deploy.keeping import NOW, ROOT, book_of, everything, replace_data, rich, saved
from trading.clocks import SystemClock
from trading.errors import ConfigError, DataError, QuarterdeckError
from trading.facts import Beat, Run
from trading.orders import Fill
from trading.signals import Signal, SignalState


async def test_every_table_the_book_and_the_instruments_come_back(
    old: Settings, new: Settings, tmp_path: Path
):
    async with open_journal(old.database_url) as journal:
        await rich(journal)
        before = await everything(journal)
    file = await saved(old, tmp_path / "one.jsonl.gz")
    assert "restored" in await backup.restore(new, file)
    async with open_journal(new.database_url) as journal:
        after = await everything(journal)
        assert after == before
        assert all(before[name] for name in ("fills", "posts", "nonces", "meta", "pictures"))
        assert (await journal.read(Signal, symbol="BRK.B"))[0].price == Decimal("0.000000001234")
    assert book_of(new) == book_of(old)
    assert instruments_file(new).read_text() == instruments_file(old).read_text()


async def test_from_postgresql_back_to_sqlite(old: Settings, new: Settings, tmp_path: Path):
    """Three moves, two databases, the same file each time."""
    await backup.restore(new, await saved(old, tmp_path / "one.jsonl.gz"))
    there = replace_data(old, tmp_path / "third")
    await backup.restore(there, await saved(new, tmp_path / "two.jsonl.gz"))
    one, two = archive.verify(tmp_path / "one.jsonl.gz"), archive.verify(tmp_path / "two.jsonl.gz")
    assert one.sections == two.sections
    async with open_journal(old.database_url) as a, open_journal(there.database_url) as b:
        assert await everything(a) == await everything(b)


async def test_what_is_written_after_a_restore_has_ids_nobody_has_seen(
    old: Settings, new: Settings, tmp_path: Path
):
    """An order's key is made of its signal's id, and a broker may know keys made since."""
    async with open_journal(old.database_url) as journal:
        last = max(signal.id for signal in await journal.read(Signal))
        [run] = await journal.append([Run("pruned", NOW)])
        await journal.remove(Run, id=run.id)
    await backup.restore(new, await saved(old, tmp_path / "one.jsonl.gz"))
    async with open_journal(new.database_url) as journal:
        first = (await journal.read(Signal))[0]
        again = replace(first, leg=9, state=SignalState.PENDING)
        one = await journal.append([again])
        two = await journal.append([replace(again, leg=n) for n in (10, 11)])
        ids = [signal.id for signal in (*one, *two)]
        assert ids == sorted(set(ids))
        assert ids[0] > last + tables.GAP - 1
        [later] = await journal.append([Run("next", NOW)])
        assert later.id > run.id, "an id whose row was pruned is not given again"


async def test_a_database_that_holds_something_is_replaced_only_when_told_and_saved_first(
    old: Settings, new: Settings, tmp_path: Path
):
    file = await saved(old, tmp_path / "one.jsonl.gz")
    async with open_journal(new.database_url) as journal:
        await journal.append([Run("kept", NOW)])
    with pytest.raises(ConfigError, match=r"already holds 1 rows: .* or say --yes"):
        await backup.restore(new, file)
    async with open_journal(new.database_url) as journal:
        assert [run.job for run in await journal.read(Run)] == ["kept"]
    said = await backup.restore(new, file, replace=True)
    [before] = (new.data / "backups").glob("before-restore-*")
    assert str(before) in said
    async with open_journal(new.database_url) as journal:
        assert await journal.count(Run, job="kept") == 0
        assert await journal.count(Fill) > 200
    assert archive.verify(before).sections["runs"]["rows"] == 1


async def test_a_house_that_runs_is_not_restored_under_itself(
    old: Settings, new: Settings, tmp_path: Path
):
    file = await saved(old, tmp_path / "one.jsonl.gz")
    async with open_journal(new.database_url) as journal:
        await journal.append([Beat("fast", SystemClock().now())])
        with pytest.raises(ConfigError, match="fast was alive 0 s ago: stop Quarterdeck"):
            await backup.restore(new, file, replace=True)
    with closing(PaperBook(paper_book(old))), pytest.raises(ConfigError, match="in use by another"):
        await backup.restore(old, file, replace=True)
    async with open_journal(old.database_url) as journal:
        assert await journal.count(Fill) > 200


# The folder of backups


async def test_only_the_newest_are_kept_and_only_a_new_one_takes_an_old_ones_place(old: Settings):
    few = old.model_copy(update={"backup": BackupSettings(keep=2)})
    folder = backup.backup_folder(few)
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"quarterdeck-2026-01-0{day}-000000.jsonl.gz").write_text("an older one")
    (folder / "before-restore-2020-01-01-000000.jsonl.gz").write_text("not ours to remove")
    async with open_journal(few.database_url) as journal:
        keeper = backup.Backups(few, journal, SystemClock())
        with pytest.raises(ConfigError):
            await keeper.make(Path("/proc/no/such/place.gz"))
        assert len(backup.kept(folder)) == 3
        said = await keeper.make()
        assert said.endswith("; 2 old removed")
        newest, second = backup.kept(folder)
        assert second.name == "quarterdeck-2026-01-03-000000.jsonl.gz"
        assert stat.S_IMODE(newest.stat().st_mode) == 0o600
        assert len(list(folder.glob("before-*"))) == 1
        assert await keeper.check() == f"{newest.name} restores: {rows_of(newest):,} rows agree"
    assert not list(folder.glob(".*")), "no drafts and no scratch database left"


def rows_of(file: Path) -> int:
    return archive.verify(file).rows


async def test_no_secret_is_in_a_backup(old: Settings, tmp_path: Path):
    given = old.model_copy(update={"paper": "tcp://:a-password-of-ours@127.0.0.1:1"})
    (Path.cwd() / ".env").write_text("QUARTERDECK_TELEGRAM_TOKEN=123456:secret\n")
    text = gzip.decompress((await saved(given, tmp_path / "one.jsonl.gz")).read_bytes())
    assert b"a-password-of-ours" not in text
    assert b"123456:secret" not in text


HALF = """
import asyncio, sys
from pathlib import Path
from db.archive import Archive
from db.backup import snapshot, tables
from db.journal import open_journal

async def main(database, file):
    async with open_journal(Path(database)) as journal:
        with Archive(Path(file), {}) as archive:
            async with snapshot(journal) as view:
                for table in tables().values():
                    archive.section(table.name)
                    async for rows in view.pages(table):
                        archive.add(rows)
                    if table.name == "fills":
                        print("half", flush=True)
                        sys.stdin.read()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_in_the_middle_the_backup_before_it_stands(old: Settings, tmp_path: Path):
    file = await saved(old, tmp_path / "one.jsonl.gz")
    before = file.read_bytes()
    database = old.data / "quarterdeck.sqlite3"
    with subprocess.Popen(
        [sys.executable, "-c", HALF, str(database), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert file.read_bytes() == before
    archive.verify(file)
    await saved(old, file)  # the next takes the draft's place
    assert not list(tmp_path.glob(".*.draft"))


async def test_a_restore_that_breaks_in_the_middle_leaves_what_was_there(
    old: Settings, new: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = await saved(old, tmp_path / "one.jsonl.gz")
    async with open_journal(new.database_url) as journal:
        await journal.append([Run("kept", NOW)])

    async def full(self: tables.Loader, last_id: int) -> None:
        raise QuarterdeckError("the disk is full")

    monkeypatch.setattr(tables.Loader, "end", full)
    with pytest.raises(QuarterdeckError, match="full"):
        await backup.restore(new, file, replace=True)
    async with open_journal(new.database_url) as journal:
        assert [run.job for run in await journal.read(Run)] == ["kept"]
        assert await journal.count(Fill) == 0


async def test_a_restore_check_finds_a_backup_that_comes_back_otherwise(
    old: Settings, monkeypatch: pytest.MonkeyPatch
):
    async with open_journal(old.database_url) as journal:
        keeper = backup.Backups(old, journal, SystemClock())
        with pytest.raises(DataError, match="no backup in"):
            await keeper.check()
        await keeper.make()
        add = tables.Loader.add

        async def lossy(self: tables.Loader, rows: list[list[Any]]) -> None:
            await add(self, rows[1:] if len(rows) > 200 else rows)

        monkeypatch.setattr(tables.Loader, "add", lossy)
        with pytest.raises(
            DataError, match=r"does not restore: fills come back as 290 rows of 291"
        ):
            await keeper.check()


@pytest.fixture(params=("sqlite", "postgres"))
async def busy(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OrmJournal]:
    where = (
        tmp_path / "busy.sqlite3"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres").create()
    )
    async with open_journal(where) as journal:
        yield journal


async def test_a_backup_sees_one_moment_though_others_write_on(busy: OrmJournal):
    """Signals come before their runs are seen: neither half of what is written later shows."""
    await busy.append([Beat("a", NOW), Beat("b", NOW)])
    async with tables.snapshot(busy) as view:
        kept = tables.tables()
        assert await view.last_id(kept["beats"]) == 2
        first = [row async for rows in view.pages(kept["beats"]) for row in rows]
        await busy.append([Run("late", NOW)])
        await busy.append([Beat("c", NOW)])
        assert [row async for rows in view.pages(kept["runs"]) for row in rows] == []
        assert [row async for rows in view.pages(kept["beats"]) for row in rows] == first
    assert await busy.count(Run) == 1


def test_every_column_there_is_can_be_backed_up():
    """A new table is in the next backup by itself; a new type of column must be thought of."""
    known = {"WordsField", "ExactField", "InstantField", "JsonTextField", "BigIntField"}
    known |= {"FloatField", "BooleanField", "DateField", "BinaryField"}
    found = {
        type(field).__name__
        for table in tables.tables().values()
        for field in table.columns.values()
    }
    assert found <= known
    assert "locks" not in tables.tables()
    assert {"signals", "orders", "fills", "posts", "nonces", "meta"} <= tables.tables().keys()


def test_by_hand_from_a_terminal(old: Settings, tmp_path: Path):
    def run(*words: str, data: str) -> subprocess.CompletedProcess[str]:
        env = {"PYTHONPATH": str(ROOT), "QUARTERDECK_DATA": data, "QUARTERDECK_MODE": "demo"}
        return subprocess.run(
            [sys.executable, "-m", "cli", *words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    made = run("backup", "--to", "mine.jsonl.gz", data=str(old.data))
    assert (made.returncode, made.stderr) == (0, "")
    assert "rows in mine.jsonl.gz" in made.stdout
    assert run("restore", "mine.jsonl.gz", data="fresh").returncode == 0
    again = run("restore", "mine.jsonl.gz", data="fresh")
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1
    assert "say --yes" in again.stderr
    assert run("restore", "nowhere.gz", data="fresh").stderr == (
        "quarterdeck: nowhere.gz cannot be read: No such file or directory\n"
    )
    asyncio.run(agree(old, tmp_path / "fresh"))
    shutil.rmtree(tmp_path / "fresh")


async def agree(old: Settings, fresh: Path) -> None:
    there = replace_data(old, fresh)
    async with open_journal(old.database_url) as a, open_journal(there.database_url) as b:
        assert await everything(a) == await everything(b)
    with closing(sqlite3.connect(paper_book(there))) as book:
        assert book.execute("PRAGMA user_version").fetchone() == (1,)
