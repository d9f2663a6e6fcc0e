"""Workers killed at random points, brokers that lose replies: nothing lost, nothing doubled."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from brokers.adversary import Fate, Faults
from tests.faults.doubts import doubts
from tests.faults.house import House, plain
from tests.faults.row import Case, Figures, Row
from tests.faults.traffic import Traffic
from trading.orders import Order, OrderState

WORKERS = ("fast-1", "fast-2")
LONGEST = 0.4  # seconds of the machine a life that is ended from outside lasts at most
STEPS = 30  # a life that ends itself does so at one of this many first steps of its work
GONE = 10.0  # seconds of the machine a process has from SIGTERM on, as the supervisor gives it


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


async def verdict(
    house: House, figures: Figures, *, within: float = 1200.0, may_end: bool = False
) -> Figures:
    """Everything settled, and what then holds. `within` is wall seconds; `may_end`: a process may
    have ended by itself, since it is started again."""
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
    if not may_end:
        figures.broken += [f"a process ended by itself: {line}" for line in house.crashes[:3]]
    return figures


async def killed(case: Case, house: House, ended: Callable[[], object] = lambda: None) -> Figures:
    """Each life of a worker ends at a point drawn for it: half by its own hand at some step of its
    work, half by ours at some moment."""
    figures = Figures()
    left = case.count

    def steps() -> list[int]:
        return [case.random.randint(1, STEPS)] if case.random.random() < 0.5 else []

    async def reap(name: str) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            figures.faults += 1
            pid = house.parts[name].pid
            if await house.outlives(name, case.random.random() * LONGEST):
                figures.more["from_outside"] = figures.more.get("from_outside", 0) + 1
                await house.kill(name)
            under_way = await house.journal.read(Order, state=OrderState.SUBMITTING)
            mid_order = any(str(pid) in order.owner for order in under_way)
            figures.more["mid_order"] = figures.more.get("mid_order", 0) + mid_order

    for name in WORKERS:
        house.parts[name].draw = steps
    async with busy(house):
        async with asyncio.TaskGroup() as group:
            for name in WORKERS:
                group.create_task(reap(name))
    ended()
    for name in WORKERS:  # who may live now may still carry a step in him
        house.parts[name].draw = None
        house.send(name, signal.SIGKILL)
    return await verdict(house, figures)


async def kill_dedupe(case: Case) -> Figures:
    chances = {Fate.DROP: 0.03, Fate.BAD_GATEWAY: 0.02}
    async with case.house(faults=Faults(chances)) as house:
        return await killed(case, house)


async def kill_nodedupe(case: Case) -> Figures:
    """Reads lag by what is drawn anew every half second, and some orders land after their reply
    was lost."""
    lag = 2.0 / case.rate
    faults = Faults(
        {Fate.DROP: 0.03, Fate.BAD_GATEWAY: 0.01, Fate.LATE: 0.01, Fate.LOST: 0.01},
        late_by=2.0 / case.rate,
        lag=lag,
    )

    async def weather(house: House) -> None:
        while True:
            await asyncio.sleep(0.5)
            now = replace(faults, lag=case.random.random() * lag)
            await house.paper.control(faults=plain(now))

    async with case.house(faults=faults, broker_dedupes=False) as house, doubts(house) as seen:
        changing = asyncio.ensure_future(weather(house))
        figures = await killed(case, house, changing.cancel)
        await seen.tally(figures)
        return figures


async def term(case: Case) -> Figures:
    """SIGTERM to each worker in turn, while orders go through it."""
    figures = Figures(slowest=0.0)
    async with case.house(broker_dedupes=False) as house, doubts(house) as seen:
        async with busy(house):
            for number in range(case.count):
                await asyncio.sleep(case.random.random() * LONGEST)
                took = await house.term(WORKERS[number % len(WORKERS)])
                figures.faults += 1
                figures.slowest = max(figures.slowest or 0.0, took)
        await verdict(house, figures)
        await seen.tally(Figures())
    if (figures.slowest or 0.0) > GONE:
        figures.broken.append(f"a process needed {figures.slowest:.1f} s to end")
    return figures


ROWS = (
    Row(
        "kill-dedupe",
        "SIGKILLs at random points, two workers, 5 % of replies lost after accepting; the broker "
        "dedupes",
        "0 lost, 0 doubled",
        full=1000,
        short=9,
        run=kill_dedupe,
    ),
    Row(
        "kill-nodedupe",
        "the same without dedupe, reads that lag 0 to 2 s, orders that land late",
        "0 lost, 0 doubled; what stays unknown is told within 60 s",
        full=1000,
        short=9,
        run=kill_nodedupe,
        rate=10.0,
    ),
    Row(
        "term",
        "SIGTERMs while orders go through",
        "0 lost, 0 doubled; each process gone within 10 s, by the machine's clock",
        full=200,
        short=5,
        run=term,
    ),
)
