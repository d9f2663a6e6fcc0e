"""The job that takes what a watched folder brought, and the round that sees that it did."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from desk.desk import Desk
from trading.errors import DataError
from trading.facts import Run, RunState
from trading.types import Moment
from worker.research import Research
from worker.trouble import Trouble

JOB = "import"
LOOK = 15.0  # seconds between looks at the folder


async def take(desk: Desk, research: Research, claimed: Run) -> str:
    """One look at the folder. A file that is refused fails the run with its reason, once; the
    others were taken all the same. Bars of the session that closed last are scanned at once,
    since its own scan came before them."""
    del claimed
    if research.look is None:
        return "no folder is watched; [imports] folder names one"
    found = await asyncio.to_thread(research.look, desk.wall.now())
    now = desk.market.now()
    if found.session is not None and found.session == desk.calendar.last_closed(now).day:
        await desk.journal.append(
            [
                Run(f"scan:{plan.strategy}", now)
                for plan in desk.plans.values()
                if plan.decides is Moment.CLOSE
            ]
        )
    if found.refused:
        more = len(found.refused) - 1
        raise DataError(found.refused[0] + (f"; and {more} more refused" if more else ""))
    return found.text


async def watch(
    desk: Desk, news: Callable[[datetime], bool], rest: Callable[[float], Awaitable[object]]
) -> None:
    """For ever: a run for what the folder brings, unless one waits already."""
    trouble = Trouble("imports")
    while True:
        with trouble.noted():
            await asked(desk, news)
        await rest(LOOK)


async def asked(desk: Desk, news: Callable[[datetime], bool]) -> bool:
    """Whether a look is due, and asked for. Nothing is written while nothing is new."""
    if not await asyncio.to_thread(news, desk.wall.now()):
        return False
    if await desk.journal.count(Run, job=JOB, state__in=(RunState.DUE, RunState.RUNNING)):
        return False
    await desk.market.refresh()
    runs = await desk.journal.append([Run(JOB, desk.market.now())])
    await desk.bell.ring("heavy", [run.id for run in runs])
    return True
