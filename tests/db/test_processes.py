"""Several processes on one SQLite file: nobody is locked out and no update is lost."""

import asyncio
import sys
from pathlib import Path

import pytest

from db.journal import open_journal
from db.schema import migrate
from trading.facts import Beat, Cursor
from trading.orders import Fill

ROOT = Path(__file__).parents[2]

#: Waits for the starting line, then reads, adds one and writes, again and again.
ADDING = """
import asyncio, sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from db.journal import open_journal
from trading.facts import Beat, Cursor
from trading.orders import Fill
from trading.types import Side

async def main(path, me, rounds):
    at = datetime(2026, 2, 3, tzinfo=UTC)
    async with open_journal(Path(path)) as journal:
        prize = await journal.first(Cursor, name="prize")
        print("ready", flush=True)
        sys.stdin.readline()
        [beat] = await journal.append([Beat(me, at)])
        for n in range(rounds):
            async with journal.transaction():
                cursor = await journal.first(Cursor, name="n")
                assert await journal.move(cursor, value=str(int(cursor.value) + 1))
                await journal.append([
                    Fill("paper", "main", f"{me}-{n}", "o", "dip", "A", Side.BUY, Decimal(1),
                         Decimal(1), Decimal(0), "USD", at),
                    Fill("paper", "main", f"shared-{n}", "o", "dip", "A", Side.BUY, Decimal(1),
                         Decimal(1), Decimal(0), "USD", at),
                ])
            beat = await journal.move(beat, pid=n)
        print(await journal.move(prize, value=me) is not None, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def start(path: Path, name: str, rounds: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ADDING,
        str(path),
        name,
        str(rounds),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    line = await process.stdout.readline()
    assert line == b"ready\n", (await process.stderr.read()).decode()
    return process


@pytest.mark.timeout(120)
async def test_three_processes_lose_no_update(tmp_path: Path) -> None:
    rounds = 200
    path = tmp_path / "desk.db"
    await migrate(path)
    async with open_journal(path) as journal:
        await journal.append([Cursor("n", "0"), Cursor("prize", "")])
        processes = [await start(path, name, rounds) for name in ("a", "b", "c")]
        for process in processes:  # all stand at the line
            assert process.stdin is not None
            process.stdin.write(b"go\n")
        ended = [await process.communicate() for process in processes]
        for process, (_, errors) in zip(processes, ended, strict=True):
            assert process.returncode == 0, errors.decode()
        cursor = await journal.first(Cursor, name="n")
        assert cursor is not None
        assert (cursor.value, cursor.version) == (str(3 * rounds), 3 * rounds)
        fills = await journal.read(Fill)
        assert len(fills) == 4 * rounds
        assert len({f.execution_id for f in fills}) == 4 * rounds
        assert [b.version for b in await journal.read(Beat)] == [rounds] * 3


@pytest.mark.timeout(60)
async def test_of_three_processes_exactly_one_moves_it(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    async with open_journal(path) as journal:
        await journal.append([Cursor("prize", "")])
        processes = [await start(path, name, 0) for name in ("a", "b", "c")]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
        said = [(await process.communicate())[0].split()[-1] for process in processes]
        prize = await journal.first(Cursor, name="prize")
        assert prize is not None
        assert sorted(said) == [b"False", b"False", b"True"]
        assert prize.version == 1


@pytest.mark.timeout(60)
async def test_processes_that_start_together_make_the_tables_once(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(start(path, name, 0)) for name in ("a", "b", "c")]
    for task in started:
        task.result().kill()
        await task.result().communicate()
    async with open_journal(path) as journal:
        assert await journal.count(Cursor) == 0
