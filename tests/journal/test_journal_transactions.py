"""All or nothing, one writer at a time, and readers never wait for a writer."""

# a whole transaction is what must raise
import asyncio
from datetime import UTC, datetime

import pytest

from db.journal import OrmJournal
from trading.facts import Beat, Cursor, Latch, Trading
from trading.ports import Journal

OPEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


class Crash(Exception):
    pass


async def value(journal: Journal, name: str) -> str | None:
    found = await journal.first(Cursor, name=name)
    return found.value if found else None


async def test_what_a_transaction_did_is_there_after_it(journal: Journal) -> None:
    async with journal.transaction():
        [a] = await journal.append([Cursor("a", "1")])
        assert await value(journal, "a") == "1"
        await journal.move(a, value="2")
        assert await value(journal, "a") == "2"
        assert await journal.count(Cursor, value="2") == 1
    assert await value(journal, "a") == "2"


async def test_an_exception_undoes_all_of_it(journal: Journal) -> None:
    kept = await journal.append([Cursor("a", "1"), Cursor("b", "1"), Cursor("c", "1")])
    with pytest.raises(Crash):
        async with journal.transaction():
            await journal.move(kept[0], value="2")
            await journal.remove(Cursor, name="b")
            await journal.append([Cursor("d", "1"), Cursor("b", "9")])
            moved = await journal.first(Cursor, name="a")
            assert moved is not None
            await journal.move(moved, value="3")
            raise Crash
    assert await journal.read(Cursor) == kept
    assert await journal.read(Cursor, name="b", value="1") == [kept[1]]
    assert await journal.move(kept[0], value="4")
    assert len(await journal.append([Cursor("d", "1"), Cursor("b", "9")])) == 1


async def test_a_nested_transaction_joins_the_outer_one(journal: Journal) -> None:
    with pytest.raises(Crash):
        async with journal.transaction():
            async with journal.transaction():
                await journal.append([Cursor("a", "1")])
            assert await value(journal, "a") == "1"
            raise Crash
    assert await value(journal, "a") is None
    async with journal.transaction(), journal.transaction():
        await journal.append([Cursor("a", "1")])
    assert await value(journal, "a") == "1"


async def test_a_failure_in_a_nested_transaction_is_never_half_recorded(journal: Journal) -> None:
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        async with journal.transaction():
            await journal.append([Cursor("a", "1")])
            with pytest.raises(Crash):
                async with journal.transaction():
                    await journal.append([Cursor("b", "1")])
                    raise Crash
    assert await journal.count(Cursor) == 0
    await journal.append([Cursor("a", "1")])
    assert await journal.count(Cursor) == 1


async def test_a_reader_sees_only_what_is_committed_and_does_not_wait(journal: Journal) -> None:
    kept = await journal.append([Cursor("a", "1"), Cursor("b", "1")])
    written, looked = asyncio.Event(), asyncio.Event()

    async def writer() -> None:
        async with journal.transaction():
            await journal.move(kept[0], value="2")
            await journal.remove(Cursor, name="b")
            await journal.append([Cursor("c", "1")])
            written.set()
            await looked.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer())
        await written.wait()
        async with asyncio.timeout(5):
            assert await journal.read(Cursor) == kept
            assert await journal.count(Cursor, name__in=["a", "c"], value="1") == 1
        looked.set()
    assert [c.name + c.value for c in await journal.read(Cursor)] == ["a2", "c1"]


@pytest.mark.parametrize("write", ["append", "several", "move", "remove", "transaction"])
async def test_another_tasks_write_waits_for_its_turn(journal: Journal, write: str) -> None:
    [kept] = await journal.append([Cursor("kept", "1")])
    steps: list[str] = []
    holding, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with journal.transaction():
            [a] = await journal.append([Cursor("a", "1")])
            holding.set()
            await go_on.wait()
            await journal.move(a, value="2")
            steps.append("first")

    async def second() -> None:
        await holding.wait()
        match write:
            case "append":
                await journal.append([Cursor("b", "1")])
            case "several":
                await journal.append([Cursor("b", "1"), Cursor("c", "1")])
            case "move":
                await journal.move(kept, value="2")
            case "remove":
                await journal.remove(Cursor, name="kept")
            case _:
                async with journal.transaction():
                    assert await value(journal, "a") == "2"
        steps.append("second")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first())
        waiting = tasks.create_task(second())
        await holding.wait()
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        parallel = isinstance(journal, OrmJournal) and journal.store.dialect == "postgres"
        if write == "transaction" or not parallel:  # PostgreSQL lets single statements by
            assert not done
        go_on.set()
    assert sorted(steps) == ["first", "second"]
    assert await value(journal, "a") == "2"


async def test_no_update_is_lost_among_tasks(journal: Journal) -> None:
    await journal.append([Cursor("n", "0")])

    async def add() -> None:
        for _ in range(10):
            async with journal.transaction():
                cursor = await journal.first(Cursor, name="n")
                assert cursor is not None
                assert await journal.move(cursor, value=str(int(cursor.value) + 1))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(add())
    assert await value(journal, "n") == "50"


async def test_a_cancelled_transaction_leaves_nothing_and_hurts_nobody(journal: Journal) -> None:
    inside = asyncio.Event()

    async def doomed() -> None:
        async with journal.transaction():
            await journal.append([Cursor("a", "1"), Cursor("b", "1")])
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(doomed())
        await inside.wait()
        task.cancel()
    assert task.cancelled()
    assert await journal.count(Cursor) == 0
    async with journal.transaction():
        await journal.append([Cursor("a", "2")])
    assert await value(journal, "a") == "2"


@pytest.mark.parametrize("steps", range(0, 24, 2))
async def test_a_cancel_at_any_step_leaves_all_or_nothing(journal: Journal, steps: int) -> None:
    async def work() -> None:
        async with journal.transaction():
            await journal.append([Beat("a", OPEN)])
            await journal.append([Beat("b", OPEN), Beat("c", OPEN)])

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0.0002)
        task.cancel()
    assert await journal.count(Beat) in {0, 3}
    async with asyncio.timeout(5), journal.transaction():
        await journal.append([Cursor("after", "1")])
    assert await value(journal, "after") == "1"


async def test_cancelled_waiters_do_not_keep_the_turn(journal: Journal) -> None:
    async def queue_up() -> None:
        async with journal.transaction():
            await journal.append([Cursor("never", "1")])

    async with asyncio.TaskGroup() as tasks:
        async with journal.transaction():
            waiting = [tasks.create_task(queue_up()) for _ in range(3)]
            await asyncio.sleep(0.01)
            for task in waiting:
                task.cancel()
        async with asyncio.timeout(5), journal.transaction():
            await journal.append([Cursor("after", "1")])
    assert [c.name for c in await journal.read(Cursor)] == ["after"]


async def test_a_refused_fact_undoes_nothing_that_was_caught(journal: Journal) -> None:
    async with journal.transaction():
        await journal.append([Cursor("a", "1")])
        with pytest.raises(ValueError, match="no field"):
            await journal.read(Cursor, colour="red")
        await journal.append([Cursor("b", "1")])
    assert await journal.count(Cursor) == 2


async def test_a_halt_waits_for_the_claim_that_looked_first(journal: Journal) -> None:
    [latch] = await journal.append([Latch()])
    order: list[str] = []
    looked = asyncio.Event()

    async def claim() -> None:
        async with journal.transaction():
            seen = await journal.first(Latch)
            assert seen is not None
            assert seen.state is Trading.ACTIVE
            looked.set()
            await asyncio.sleep(0.05)  # the halt is on its way meanwhile
            order.append("claimed")

    async def halt() -> None:
        await looked.wait()
        assert await journal.move(latch, state=Trading.HALTED)
        order.append("halted")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(claim())
        tasks.create_task(halt())
    assert order == ["claimed", "halted"]
