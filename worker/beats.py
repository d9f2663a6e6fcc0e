"""Heartbeats: each process says every ten seconds that it is alive."""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress

from trading.clocks import WallClock
from trading.errors import JournalError, QuarterdeckError
from trading.facts import Beat
from trading.ports import Journal

EVERY = 10.0


async def beat(
    journal: Journal, wall: WallClock, name: str, rest: Callable[[float], Awaitable[object]]
) -> None:
    """For ever: one row a process, moved forward.

    One that has a machine's name (`heavy@alpha`) is taken away when it ends in order: machines
    come and go, and one that was sent home is not silent.
    """
    try:
        while True:
            with suppress(JournalError):  # said once by the journal; a beat is tried again soon
                row = await journal.first(Beat, name=name)
                if row is None:
                    await journal.append([Beat(name, wall.now(), os.getpid())])
                else:
                    await journal.move(row, at=wall.now(), pid=os.getpid())
            await rest(EVERY)
    finally:
        if "@" in name:
            with suppress(QuarterdeckError):  # the database went first
                await journal.remove(Beat, name=name)
