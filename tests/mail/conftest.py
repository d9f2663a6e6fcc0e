from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from desk import notices
from mail.mailman import Mailman
from mail.progress import NAME, Progress, read
from mail.route import Route
from mailing import mailman
from tests.mail.server import Server
from tests.world import World, world
from trading.clocks import Clocks
from trading.facts import Cursor, Lane, Notice
from trading.messages import bold, message


@dataclass
class Post:
    """A desk, a server, and a mailman between them."""

    world: World
    server: Server
    man: Mailman

    async def alarm(self, title: str, text: str = "", **more: Any) -> None:
        """A critical text to every operator, as the desk tells it."""
        said = message(bold(title), f"\n{text}" if text else "")
        await notices.tell(self.world.desk, said, lane=Lane.CRITICAL, **more)

    def wait(self, **span: float) -> None:
        self.world.clock.at += timedelta(**span)

    async def progress(self) -> Progress:
        row = await self.world.journal.first(Cursor, name=NAME)
        assert row is not None
        return read(row.value)

    async def chat(self) -> list[str]:
        """What the first operator is told in the chat beside what is critical."""
        rows = await self.world.journal.read(Notice, lane=Lane.NORMAL, recipient=1)
        return ["".join(text for text, _ in row.body["text"]) for row in rows]

    def another(self, owner: str, **changes: Any) -> Mailman:
        """A mailman of the same desk in another process."""
        route = replace(self.man.stationery.route, **changes)
        return mailman(self.world.desk, route, self.man.clocks, owner)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.open()
    yield made
    await made.away()


def route(server: Server, **more: Any) -> Route:
    given = {"sender": "desk@example.org", "to": ("ann@example.org", "bob@example.net"), **more}
    return Route("127.0.0.1", given.pop("security", "none"), port=server.port, **given)


@pytest.fixture
async def post(server: Server) -> Post:
    made = await world()
    clocks = Clocks(wall=made.clock, rate=20.0)
    found = Post(made, server, mailman(made.desk, route(server), clocks, "one"))
    await found.man.round()  # it begins with what is told from here on
    return found
