"""Rounds: what the fast worker looks after besides its lane, by the database alone."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from desk import (
    breakers,
    crew,
    decide,
    doubt,
    execute,
    exits,
    inbox,
    modes,
    readings,
    settle,
    squareoff,
    starting,
)
from desk.console import verbs
from desk.desk import Desk
from trading.errors import BrokerError, DataError, JournalError
from trading.orders import AT_BROKER, Order, OrderState
from worker.schedule import Schedule
from worker.trouble import Trouble

log = structlog.get_logger(__name__)

Rest = Callable[[float], Awaitable[object]]
MISTAKEN = timedelta(days=2)
LOOK = 0.25  # seconds between looks at what is due by the market's clock
REPORT = 5.0  # seconds between looks at what operators must be asked
SWEEP = 5.0  # seconds between looks at what a lost wake-up left lying


async def trade(
    desk: Desk,
    rest: Rest,
    *,
    owner: str = "",
    conduct: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """For ever: expire, execute, settle, square off, schedule, as the market's clock says.

    `conduct` moves a clock that is ours to move; it comes last in a look, so that time never
    passes something due. What a look could not do, the database being away, the next one does.
    """
    schedule = Schedule(desk)
    trouble = Trouble("orders")
    while True:
        with trouble.noted():
            await desk.market.refresh()
            await trade_once(desk, owner=owner)
            await schedule.keep()
            if conduct is not None:
                await conduct()
        await rest(LOOK)


async def trade_once(desk: Desk, *, owner: str = "") -> None:
    """One look, as this process or as `owner`. Each step is a no-op when nothing is due."""
    await decide.expire(desk)
    await modes.veto_due(desk)
    await breakers.keep(desk)
    await execute.execute_due(desk, owner=owner)
    await execute.resolve(desk, owner=owner)
    working = await desk.journal.read(Order, state__in=tuple(AT_BROKER))
    working += await desk.journal.read(  # closed by an operator's word, which may be mistaken
        Order, state=OrderState.CANCELLED, asked_at__gte=desk.wall.now() - MISTAKEN
    )
    busy = {order.broker for order in working}
    for name, broker in desk.brokers.items():
        try:
            await (settle.collect if name in busy else readings.catch_up)(desk, broker)
        except BrokerError as error:
            if name not in desk.hands.away:
                log.warning("broker not reached", broker=name, error=str(error))
            desk.hands.away.add(name)
        else:
            desk.hands.away.discard(name)
    await exits.keep(desk, owner=owner)
    for run in await squareoff.under_way(desk):
        try:
            await squareoff.advance(desk, run, owner=owner)
        except DataError as error:  # a calendar that has ended: the job `calendar` tells it
            log.warning("a square-off waits", error=str(error))


async def report(desk: Desk, rest: Rest) -> None:
    """For ever: ask operators about orders in doubt. Beside `trade`, which a broker that does not
    answer can keep for long."""
    trouble = Trouble("orders in doubt")
    while True:
        with trouble.noted():
            await crew.muster(desk)
            await doubt.report(desk)
        await rest(REPORT)


async def start(desk: Desk) -> None:
    """Once, beside the rounds: until it is done they send nothing but a square-off's orders."""
    trouble = Trouble("the comparison at the start")
    while not desk.reconciled:
        with trouble.noted():
            await crew.muster(desk)
            reading = await starting.reconcile_at_start(desk)
            if not reading.agrees:
                log.error("not reconciled at the start", found=len(reading.open), away=reading.away)
        if not desk.reconciled:
            await desk.rest(SWEEP)


async def sweep(desk: Desk, rest: Rest) -> None:
    """For ever: carry out requests whose wake-up was lost, and follow orders at the brokers. A
    look that meets a database away is made again at the next."""
    trouble = Trouble("sweep")
    while True:
        with trouble.noted():
            await crew.muster(desk)
            for request in await inbox.unhandled(desk.journal):
                if not desk.shift.is_over:
                    await carry_out(desk, request.id)
            await execute.follow(desk)
        await rest(SWEEP)


async def carry_out(desk: Desk, request_id: int) -> None:
    """One request, at the market time of now; an error of ours is told and logged, not fatal."""
    try:
        await desk.market.refresh()
        await crew.muster(desk)
        await verbs.handle(desk, request_id)
    except JournalError:
        return  # said once by the journal; the request is still new, so the sweep comes to it
    except Exception:  # told to the operator by `handle`; the lane goes on with the next
        log.exception("a request failed", request=request_id)
