"""Workers killed at random points, brokers that lose replies: nothing lost, nothing doubled."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from brokers.adversary import Fate, Faults
from tests.faults.house import House
from tests.faults.row import Case, Figures, Row
from tests.faults.traffic import Traffic

WORKERS = ("fast-1", "fast-2")
LONGEST = 0.7  # seconds of the machine a life that is ended from outside lasts at most
STEPS = 120  # a life that ends itself does so at one of this many first steps of its work
BORN = 0.12  # seconds of the machine until a worker that was started looks for orders


@asynccontextmanager
async def busy(house: House, **choices: int) -> AsyncIterator[Traffic]:
    """Orders flow inside the block."""
    traffic, stop = Traffic(house, **choices), asyncio.Event()
    flow = asyncio.ensure_future(traffic.run(stop))
    try:
        yield traffic
    finally:
        stop.set()
        await flow


async def verdict(house: House, figures: Figures, *, within: float = 1200.0) -> Figures:
    """Everything settled, and what then holds. `within` is wall seconds."""
    took = await house.settle(within)
    await house.calm()
    await house.settle(within)
    found = await house.truth()
    figures.orders = found.orders
    figures.lost, figures.doubled = len(found.lost), len(found.doubled)
    figures.broken += found.broken
    figures.more |= {"settled_s": took or -1.0, "refused": float(found.refused)}
    figures.more |= {"crashes": float(len(house.crashes))}
    if took is None:
        figures.broken.append(f"not settled {within:,.0f} s after the last fault")
    figures.broken += [f"a process ended by itself: {line}" for line in house.crashes[:3]]
    return figures


async def killed(case: Case, house: House) -> Figures:
    """Each life of a worker ends at a point drawn for it: half by its own hand at some step of its
    work, half by ours at some moment."""
    figures = Figures()
    left = case.count

    def step() -> int:
        return case.random.randint(1, STEPS) if case.random.random() < 0.5 else 0

    async def reap(name: str) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            figures.faults += 1
            if await house.outlives(name, BORN + case.random.random() * LONGEST):
                await house.kill(name)

    for name in WORKERS:
        house.parts[name].draw = step
    async with busy(house):
        async with asyncio.TaskGroup() as group:
            for name in WORKERS:
                group.create_task(reap(name))
    for name in WORKERS:  # who may live now may still carry a step in him
        house.parts[name].draw = None
        house.send(name, signal.SIGKILL)
    return await verdict(house, figures)


async def kill_dedupe(case: Case) -> Figures:
    chances = {Fate.DROP: 0.03, Fate.BAD_GATEWAY: 0.02}
    async with case.house(faults=Faults(chances)) as house:
        return await killed(case, house)


ROWS = (
    Row(
        "kill-dedupe",
        "SIGKILLs at random points, two workers, 5 % of replies lost after accepting; the broker "
        "dedupes",
        "0 lost, 0 doubled",
        full=1000,
        short=25,
        run=kill_dedupe,
    ),
)
