"""A process that only mails: `python killable.py DATABASE PORT ANCHOR`, its wall clock 100 times
as fast as the machine's from ANCHOR on, until it is killed."""

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

RATE = 100.0


@dataclass(frozen=True)
class Hurried:
    """Wall time RATE times as fast, the same in every process that is given one anchor."""

    anchor: float

    def now(self) -> datetime:
        began = datetime(2025, 2, 3, 21, 5, tzinfo=UTC)
        return began + timedelta(seconds=(time.time() - self.anchor) * RATE)


async def main(database: str, port: int, anchor: float) -> None:
    import os

    from db.journal import open_journal
    from mail.route import Route
    from mailing import mailman
    from tests.world import world
    from trading.clocks import Clocks

    wall = Hurried(anchor)
    async with open_journal(database) as journal:
        desk = (await world(journal)).desk
        desk.wall = wall
        to = Route("127.0.0.1", "none", "desk@example.org", ("ann@example.org",), port)
        await mailman(desk, to, Clocks(wall=wall, rate=RATE), f"fast-{os.getpid()}").run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
