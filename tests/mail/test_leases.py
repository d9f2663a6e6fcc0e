"""One process sends at a time, and another goes on where it ends."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from mail.mailman import Mailman
from mail.progress import LEASE, NAME, Progress, read, written
from tests.mail.conftest import Post
from trading.facts import Cursor


@dataclass(slots=True)
class Gated(Mailman):
    """Reads where the mail stands, then waits until all the others have read it too."""

    gate: asyncio.Barrier | None = None

    async def _look(self) -> tuple[Cursor, Progress]:
        found = await Mailman._look(self)
        assert self.gate is not None
        await self.gate.wait()
        return found


async def test_of_several_workers_one_mails_however_the_race_goes(post: Post):
    for _ in range(30):
        await post.alarm("alarm")
        post.wait(hours=1)
        gate, man = asyncio.Barrier(3), post.man
        racers = [
            Gated(man.desk, man.carrier, man.stationery, name, man.clocks, gate)
            for name in ("one", "two", "three")
        ]
        async with asyncio.timeout(10):
            await asyncio.gather(*(racer.round() for racer in racers))
    assert len(post.server.mails) == 30


async def test_while_one_is_sending_another_does_not(post: Post):
    sending, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        sending.set()
        await go.wait()

    post.server.taking = hold
    await post.alarm("alarm")
    async with asyncio.TaskGroup() as group:
        group.create_task(post.man.round())
        await sending.wait()
        await post.another("two").round()
        go.set()
    assert len(post.server.mails) == 1


async def test_a_worker_that_died_is_followed_when_its_lease_is_over(post: Post):
    await post.alarm("alarm")
    row = await post.world.journal.first(Cursor, name=NAME)
    assert row is not None
    held = replace(read(row.value), owner="dead", until=post.world.clock.at + LEASE)
    await post.world.journal.move(row, value=written(held))
    await post.man.round()
    assert post.server.mails == []
    post.wait(seconds=61)
    await post.man.round()
    assert len(post.server.mails) == 1


async def test_a_lease_written_by_a_clock_that_was_years_ahead_holds_nobody_up(post: Post):
    await post.alarm("alarm")
    row = await post.world.journal.first(Cursor, name=NAME)
    assert row is not None
    ahead = post.world.clock.at + timedelta(days=1_000)
    held = replace(read(row.value), owner="dead", until=ahead, again=ahead, sent=(ahead,) * 30)
    await post.world.journal.move(row, value=written(held))
    await post.man.round()
    assert len(post.server.mails) == 1


async def test_a_worker_told_to_end_knows_that_its_mail_arrived(post: Post):
    sending = asyncio.Event()

    async def slowly() -> None:
        sending.set()
        await asyncio.sleep(0.05)

    post.server.taking = slowly
    await post.alarm("alarm")
    task = asyncio.ensure_future(post.man.run())
    await sending.wait()
    task.cancel()
    await asyncio.wait([task])
    found = await post.progress()
    assert (found.waiting, found.owner) == ((), "")
    post.server.taking = None
    await post.another("two").round()
    assert len(post.server.mails) == 1


async def test_trouble_of_the_mail_does_not_end_its_worker(post: Post):
    class Broken:
        def open(self) -> None:
            raise ZeroDivisionError

    await post.alarm("alarm")
    carrier, post.man.carrier = post.man.carrier, Broken()
    task = asyncio.ensure_future(post.man.run())
    await asyncio.sleep(0.1)
    assert not task.done()
    post.man.carrier = carrier
    async with asyncio.timeout(10):
        while not post.server.mails:
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task])
