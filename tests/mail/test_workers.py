"""Two workers on one database mail each event once, whoever writes meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from db.journal import OrmJournal, open_journal
from desk import notices
from mailing import mailman
from tests.journal.conftest import migrated_file, place, postgres
from tests.mail.conftest import route
from tests.mail.server import Server
from tests.world import ANN, World, world
from trading.clocks import Clocks
from trading.facts import Lane
from trading.messages import bold, message

__all__ = ["migrated_file", "postgres"]  # fixtures
WRITERS, EVENTS = 3, 20


@pytest.fixture(params=("sqlite", "postgres"))
async def journals(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[list[OrmJournal]]:
    """On one database, as so many processes hold."""
    address = await asyncio.to_thread(place, request.param, request, tmp_path)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_journal(address)) for _ in range(2 + WRITERS)]


async def _tell(desk: World, writer: int) -> None:
    for event in range(EVENTS):
        said = message(bold(f"event {writer}-{event}."))
        if event % 2:
            await notices.tell(desk.desk, said, lane=Lane.CRITICAL)
        else:
            async with desk.journal.transaction():
                await notices.tell(desk.desk, said, lane=Lane.CRITICAL)
                await asyncio.sleep(0.002)  # others write ids after ours, and commit before


async def test_two_workers_mail_each_event_once_while_others_write(
    journals: list[OrmJournal], server: Server
):
    worlds = [await world(journal, operators=(ANN,)) for journal in journals]
    clock = worlds[0].clock
    for one in worlds:
        one.desk.wall = clock
    clocks = Clocks(wall=clock, rate=100.0)
    men = [
        mailman(one.desk, route(server), clocks, name)
        for one, name in zip(worlds[:2], ("one", "two"), strict=True)
    ]
    await men[0].round()
    wanted = sorted(f"event {w}-{n}." for w in range(WRITERS) for n in range(EVENTS))
    said: list[str] = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        loops = [group.create_task(man.run()) for man in men]
        tellers = [group.create_task(_tell(one, n)) for n, one in enumerate(worlds[2:])]
        await asyncio.wait(tellers)
        while len(said) < len(wanted):
            await asyncio.sleep(0.05)
            clock.at += timedelta(seconds=10)  # past the pauses of a flood
            texts = (mail.get_body(("plain",)).get_content() for mail in server.mails)
            said = [found for text in texts for found in re.findall(r"event \d-\d+\.", text)]
        for loop in loops:
            loop.cancel()
    assert sorted(said) == wanted
    assert len({mail["Message-ID"] for mail in server.mails}) == len(server.mails)
