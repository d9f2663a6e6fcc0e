"""The chain of deeds is the same on every database, and two processes cannot fork it."""

import asyncio
from pathlib import Path

from db.journal import OrmJournal, open_journal
from desk import audit
from replay.journal import MemoryJournal
from tests.world import MONDAY, at
from trading.audit import Deed

DEED = Deed(0, at(MONDAY, 15), "command line", "cli", "halt", ("ä\0", "x"), detail={"a": [1, 0.5]})


async def test_a_chain_reads_back_as_it_was_linked(journal: OrmJournal | MemoryJournal):
    for _ in range(3):
        await audit.append(journal, DEED)
    assert [text async for text in audit.walk(journal)] == []
    assert (await audit.head(journal))[0] == 3


async def test_many_at_once_make_one_chain(journal: OrmJournal | MemoryJournal):
    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(audit.append(journal, DEED))
    assert [row.number for row in await journal.read(Deed)] == list(range(1, 13))
    assert [text async for text in audit.walk(journal)] == []


async def test_two_processes_on_one_file_make_one_chain(tmp_path: Path):
    async with open_journal(tmp_path / "a.db") as one, open_journal(tmp_path / "a.db") as other:
        async with asyncio.TaskGroup() as group:
            for n in range(10):
                group.create_task(audit.append((one, other)[n % 2], DEED))
        assert [row.number for row in await one.read(Deed)] == list(range(1, 11))
        assert [text async for text in audit.walk(other)] == []


async def test_a_deed_that_cannot_be_read_is_named_and_stops_no_other(tmp_path: Path):
    async with open_journal(tmp_path / "a.db") as journal:
        for _ in range(3):
            await audit.append(journal, DEED)
        await journal.store.write("UPDATE deeds SET at = 'noon' WHERE number = 3")
        await audit.append(journal, DEED)
        assert [row.number for row in await journal.read(Deed)] == [1, 2, 4]
        assert await anext(audit.walk(journal)) == "deed 3 is missing"
