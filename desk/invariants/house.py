"""Rules of the house's own rows: the latch, the square-off, the clock."""

from datetime import timedelta
from math import isfinite

from desk import audit
from desk.desk import Desk
from desk.halt import DESK
from desk.invariants.rule import Sentences, moment
from desk.squareoff import JOB, under_way
from trading.facts import ClockReading, Latch, Run, RunState, Trading

SKEW = timedelta(seconds=2)  # of the clocks of two machines


async def latch_is_one(desk: Desk) -> Sentences:
    rows = await desk.journal.read(Latch)
    if sum(row.name == DESK for row in rows) > 1:
        yield f"the desk has several latches: {', '.join(row.name for row in rows)}"
    for row in rows:
        if row.state is not Trading.ACTIVE and not row.by:
            yield f"trading is {row.state} by nobody"
    run = await under_way(desk)
    if run is not None and not any(row.state is Trading.HALTED for row in rows):
        yield f"square-off {run.id} is under way and trading is not halted"
    running = (RunState.DUE, RunState.RUNNING)
    if (several := await desk.journal.count(Run, job=JOB, state__in=running)) > 1:
        yield f"{several} square-offs are under way"


async def clock_is_sane(desk: Desk) -> Sentences:
    rows = await desk.journal.read(ClockReading)
    if len(rows) > 1:
        yield f"there are {len(rows)} clocks: {', '.join(row.name for row in rows)}"
    for row in rows:
        if not isfinite(row.rate) or row.rate < 0:
            yield f"the clock {row.name} runs at {row.rate}"
        if row.wall_anchor > desk.wall.now() + SKEW:
            yield f"the clock {row.name} was set at {moment(row.wall_anchor)}, which is to come"


async def rows_can_be_read(desk: Desk) -> Sentences:
    """Reads every row: about 3 s for 100,000 of them."""
    for row in await desk.journal.damaged():
        yield str(row)


async def audit_is_unbroken(desk: Desk) -> Sentences:
    """The first broken link; what follows it may only echo it."""
    async for wrong in audit.walk(desk.journal):
        yield wrong
        return
