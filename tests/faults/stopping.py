"""Workers that stand still and go on: what no lease can prevent must still not double an order."""

import asyncio
import signal

from brokers.adversary import Fate, Faults
from tests.faults.doubts import doubts
from tests.faults.house import House
from tests.faults.killing import WORKERS, busy, verdict
from tests.faults.row import Case, Figures, Row
from tests.faults.stale import stale_runs

SHORT, LONG = (0.5, 10.0), (60.0, 90.0)  # wall seconds; the second past every lease
LONG_SHARE = 0.5  # of those outside a transaction
STEPS = 60  # from one stop to the next at most


async def stop(case: Case) -> Figures:
    """A worker stops itself at a step of its work drawn for it, and is let go on after a while; no
    long while inside a transaction, where a file's other writers can only wait for it."""
    figures = Figures()

    def steps() -> list[int]:
        return [case.random.randint(1, STEPS) for _ in range(case.count)]

    async def wake(house: House, name: str, until: int) -> None:
        while figures.faults < until:
            where = house.stopped(name)
            if where:
                figures.faults += 1
                is_long = where == "outside" and case.random.random() < LONG_SHARE
                figures.more["long"] = figures.more.get("long", 0) + is_long
                await house.clocks.sleep(case.random.uniform(*(LONG if is_long else SHORT)))
                house.go_on(name)
            await asyncio.sleep(0.02)

    faults = Faults({Fate.DROP: 0.02, Fate.LOST: 0.01})
    async with case.house(faults=faults, broker_dedupes=False) as house:

        def all_go() -> bool:
            return not any(house.stopped(name) for name in WORKERS)

        async with doubts(house, all_go) as seen:
            async with busy(house):
                for turn, name in enumerate(WORKERS, 1):  # one at a time; the other goes on
                    house.parts[name].number = signal.SIGSTOP
                    house.parts[name].draw = steps
                    await house.kill(name)
                    await wake(house, name, case.count * turn // len(WORKERS))
                    house.parts[name].draw = None
                    await house.kill(name)
            await verdict(house, figures)
            await seen.tally(figures)
    await stale_runs(case, figures, max(case.count, 30))
    return figures


ROWS = (
    Row(
        "stop",
        "SIGSTOPs of a worker at random points, for up to 90 s",
        "0 lost, 0 doubled; stale runs refused; orders in doubt are told within 60 s",
        full=100,
        short=2,
        run=stop,
        rate=10.0,
    ),
)
