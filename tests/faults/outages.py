"""Redis and the database going away under load: work waits, and none of it is lost or doubled."""

import asyncio
import time

from tests.faults.doubts import doubts
from tests.faults.house import House
from tests.faults.killing import busy, verdict
from tests.faults.row import POSTGRES, Case, Figures, Row
from tests.faults.traffic import Traffic
from trading.errors import QuarterdeckError
from trading.orders import DONE, Order

AWAY = 600.0  # wall seconds Redis is gone once
MOVE_WITHIN = 10.0  # wall seconds after its return
PATIENCE = 60.0  # seconds of the machine, then the trial itself has failed


async def redis(case: Case) -> Figures:
    """Of seven faults five are kills and two are flushes; then it is gone for ten minutes."""
    figures = Figures(slowest=0.0)
    async with case.house() as house, doubts(house):
        async with busy(house) as traffic:
            for number in range(case.count):
                await asyncio.sleep(case.random.random() * 0.6)
                flushed = number % 7 in (2, 5)
                await (house.flush_redis() if flushed else house.kill_redis())
                figures.faults += 1
                figures.more["flushed"] = figures.more.get("flushed", 0) + flushed
            before = await house.journal.count(Order, state__in=tuple(DONE))
            await house.redis_down()
            await house.clocks.sleep(AWAY if case.is_full else AWAY / 60)
            figures.more["done_while_away"] = (
                await house.journal.count(Order, state__in=tuple(DONE)) - before
            )
            await house.redis_up()
            figures.slowest = await moves(house, traffic)
        await verdict(house, figures)
    if (figures.slowest or 0.0) > MOVE_WITHIN * (1 if case.is_full else 2):
        figures.broken.append(f"orders moved again only after {figures.slowest:.1f} s")
    return figures


async def moves(house: House, traffic: Traffic) -> float:
    """Wall seconds until an order decided from now on is done. AssertionError, with the last thing
    that kept one from being decided, where none is for PATIENCE seconds of the machine."""
    began, after = time.monotonic(), -1
    while (passed := time.monotonic() - began) < PATIENCE:
        try:
            if after < 0:
                newest = await house.journal.read(Order, order="-id", limit=1)
                after = newest[0].id if newest else 0
            if await house.journal.count(Order, id__gt=after, state__in=tuple(DONE)):
                return passed * house.case.rate
        except QuarterdeckError:  # not back yet
            pass
        await asyncio.sleep(0.01)
    raise AssertionError(f"no order moved for {PATIENCE:.0f} s: {traffic.trouble[-1:]}")


async def database(case: Case) -> Figures:
    """An immediate stop, as a crash is one, and back after up to 20 s."""
    figures = Figures(slowest=0.0)
    async with case.house(broker_dedupes=False) as house, doubts(house) as seen:
        async with busy(house) as traffic:
            for _ in range(case.count):
                await asyncio.sleep(0.3 + case.random.random() * 1.5)
                await house.kill_database(case.random.random() * 20.0 / case.rate)
                figures.faults += 1
                figures.slowest = max(figures.slowest or 0.0, await moves(house, traffic))
        figures.more["refused_rounds"] = len(traffic.trouble)
        await verdict(house, figures, may_end=True)
        await seen.tally(Figures())
    return figures


ROWS = (
    Row(
        "redis",
        "Redis killed 50 times, FLUSHALL 20 times, once gone for 10 minutes",
        "0 lost, 0 doubled; orders move again within 10 s of its return",
        full=70,
        short=2,
        run=redis,
        rate=5.0,
    ),
    Row(
        "database",
        "PostgreSQL stopped at once and started again under load",
        "0 lost, 0 doubled",
        full=40,
        short=2,
        run=database,
        databases=(POSTGRES,),
    ),
)
