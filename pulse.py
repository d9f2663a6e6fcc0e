"""Whether a process of this machine is alive, by its heartbeat: what a container's health asks."""

import sys

from db.journal import open_journal
from desk.beats import is_silent
from folder import named
from settings import Settings
from trading.clocks import SystemClock
from trading.errors import QuarterdeckError
from trading.facts import Beat


async def pulse(settings: Settings, name: str) -> str:
    """ "fast alive, 4 s ago". Raises QuarterdeckError in one line for a process that is silent, or
    a database that cannot say."""
    wanted = f"{name}@{settings.host}" if settings.host else name
    async with open_journal(settings.database_url) as journal:
        found = {b.name: b for b in await journal.read(Beat, name__in=(wanted, name))}
        now = SystemClock().now()
    beat = found.get(wanted) or found.get(name)
    if beat is None:
        raise QuarterdeckError(f"{wanted} has never been alive here")
    seconds = max(0, int((now - beat.at).total_seconds()))
    if is_silent(beat, now):
        raise QuarterdeckError(f"{beat.name} is silent, last heard of {seconds:,} s ago")
    return f"{beat.name} alive, {seconds} s ago"


async def probe(settings: Settings, name: str) -> int:
    """Prints which it is; the command's exit status."""
    try:
        print(await pulse(named(settings), name))
    except QuarterdeckError as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    return 0
