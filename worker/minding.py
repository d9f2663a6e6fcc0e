"""Minding: what every process does about its database besides its work."""

from collections.abc import Awaitable, Callable

from desk import crew, damage
from desk.desk import Desk
from trading.damage import Damaged
from trading.errors import JournalError

EVERY = 10.0  # seconds of wall time


async def mind(
    desk: Desk,
    same_version: Callable[[], Awaitable[None]],
    rest: Callable[[float], Awaitable[object]],
) -> None:
    """For ever: tell the rows this process could not read, and end it with ConfigError where a
    newer version has changed the tables under it."""
    told: set[Damaged] = set()
    while True:
        try:
            await same_version()
            await crew.muster(desk)
            await damage.report(desk, told)
        except JournalError:
            pass  # said once by the journal; told when it is back
        await rest(EVERY)
