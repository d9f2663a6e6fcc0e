"""Rules of the house's own rows: the latch, the square-off, the clock."""

from datetime import timedelta
from math import isfinite

from desk import audit
from desk.desk import Desk
from desk.halt import DESK
from desk.invariants.rule import Sentences, moment
from desk.scope import of_key
from desk.squaring import is_latched, scope_of, under_way
from trading.facts import ClockReading, Latch, Trading

SKEW = timedelta(seconds=2)  # of the clocks of two machines


async def latch_is_one(desk: Desk) -> Sentences:
    rows = await desk.journal.read(Latch)
    for row in rows:
        if row.name != DESK and not row.name.startswith(("strategy:", "broker:")):
            yield f"a latch is called {row.name}, which is neither a strategy's nor a broker's"
        if row.state is not Trading.ACTIVE and not row.by:
            what = "trading" if row.name == DESK else row.name
            yield f"{what} is {row.state} by nobody"
    halted = {row.name for row in rows if row.state is Trading.HALTED}
    runs = await under_way(desk)
    for run in runs:
        scope = scope_of(run)
        if is_latched(run) and scope.is_latched and not halted & {DESK, scope.key}:
            what = "trading" if scope.key == DESK else scope.words
            yield f"square-off {run.id} is under way and {what} is not halted"
    of = [scope_of(run).key for run in runs]
    for key in sorted({key for key in of if of.count(key) > 1}):
        yield f"{of.count(key)} square-offs of {of_key(key).words} are under way"


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
