"""The saga: latch, resolve, cancel, read, close, read again, until flat.

It stands in the journal: every step can be repeated, so it goes on after a crash where it stopped,
works while halted, and never asks for approval. One under way of everything stands for any other.
"""

from datetime import timedelta

from desk import execute, locks, notices, readings
from desk.desk import Desk
from desk.halt import latch
from desk.readings import Reading
from desk.scope import ALL, Kind, Scope
from desk.squareoff import words
from desk.squareoff.closes import close, left, pauses, refusals, wanted
from desk.squareoff.progress import Left, Place, Progress
from desk.squaring import JOB, UNDER_WAY, is_latched, scope_of, under_way
from trading.errors import BrokerError, DeskError
from trading.facts import Lane, Run, RunState, Trading
from trading.messages import bold, message
from trading.orders import IN_DOUBT, WORKING, Order
from trading.ports import Broker
from trading.types import Holdings

TICK = timedelta(microseconds=1)
UNREADABLE = "our books cannot be read, so nobody knows which part is this strategy's"


async def begin(desk: Desk, scope: Scope = ALL, *, by: str, latched: bool = True) -> Run:
    """Halt the scope and start; a square-off of it, or of everything, already under way is
    returned instead of a second one. Of an instrument the entries are locked instead. Without
    `latched` nothing is halted; entries wait while it is under way all the same."""
    async with desk.journal.transaction():
        if latched and scope.is_latched:
            await latch(
                desk.journal,
                Trading.HALTED,
                by=by,
                reason="/squareoff",
                at=desk.market.now(),
                scope=scope.key,
            )
        elif latched:
            await locks.add(desk, scope.key, None, "square-off", by)
        for running in await under_way(desk):
            if scope_of(running) in (scope, ALL):
                return running
        args = {"by": by, "scope": scope.key, "latched": latched, "cancelled": {}}
        due = desk.wall.now()
        while not (made := await desk.journal.append([Run(JOB, due, args=args)])):
            due += TICK  # another one began at this very moment
        return made[0]


async def advance(desk: Desk, run: Run, *, owner: str = "") -> Progress:
    """One round. Call again until `progress.ended`; safe from several processes at once."""
    run = await desk.journal.first(Run, id=run.id) or run  # what earlier rounds left in it
    scope = scope_of(run)
    brokers = [one for one in desk.brokers.values() if _concerns(scope, one)]
    notes: dict[str, list[str]] = {broker.name: [] for broker in brokers}
    before = run.args.get("cancelled", {})
    counted = {broker.name: int(before.get(broker.name, 0)) for broker in brokers}
    for order in await _working(desk, scope):
        if order.purpose != JOB and order.broker in notes:
            counted[order.broker] += await _cancel(desk, order, notes[order.broker])
    await execute.resolve(desk, owner=owner)
    await execute.follow(desk)
    noes = await refusals(desk, run)
    for broker in brokers:
        for reading in await _readings(desk, scope, broker, notes[broker.name]):
            said = noes.get((broker.name, reading.symbol), ())
            ready = reading.settled and not pauses(desk, said)
            if ready and left(desk, scope, reading, said) is None:
                async with desk.journal.transaction():
                    await close(desk, run, scope, reading)
    await execute.execute_due(desk, owner=owner, purpose=JOB)
    places = [
        await _place(desk, run, scope, broker, counted[broker.name], notes[broker.name])
        for broker in brokers
    ]
    places += await _gone(desk, scope)
    progress = Progress(tuple(places))
    await _record(desk, run, progress)
    return progress


def _concerns(scope: Scope, broker: Broker) -> bool:
    return scope.kind is not Kind.BROKER or scope.name == broker.name


async def _gone(desk: Desk, scope: Scope) -> list[Place]:
    """Brokers of the scope that nobody can ask any more: nothing is flat there."""
    working = [order.broker for order in await _working(desk, scope)]
    names = {scope.name} if scope.kind is Kind.BROKER else set(working)
    return [
        Place(name, working=working.count(name), note=f"no broker is called {name!r} any more")
        for name in sorted(names - desk.brokers.keys())
    ]


async def _working(desk: Desk, scope: Scope) -> list[Order]:
    rows = await desk.journal.read(Order, state__in=tuple(WORKING))
    return [order for order in rows if scope.covers(order)]


async def _cancel(desk: Desk, order: Order, notes: list[str]) -> bool:
    """One that cannot be cancelled is noted and keeps nobody else waiting."""
    try:
        return await execute.cancel(desk, order, note="square-off") is not None
    except DeskError as error:
        notes.append(str(error))
        return False


async def _readings(desk: Desk, scope: Scope, broker: Broker, notes: list[str]) -> list[Reading]:
    """What the broker itself shows of the scope, its fills booked first; one that cannot be asked
    is noted."""
    try:
        found = await readings.read(desk, broker)
    except BrokerError as error:
        notes.append(str(error))
        return []
    if scope.kind is Kind.STRATEGY and any(reading.books is None for reading in found):
        notes.append(UNREADABLE)
        return []
    if scope.kind is Kind.SYMBOL:
        found = [reading for reading in found if reading.symbol == scope.name]
    return [reading for reading in found if wanted(scope, reading) or not _still(scope, reading)]


def _still(scope: Scope, reading: Reading) -> bool:
    """Nothing of the scope may turn up here any more."""
    mine = scope.kind is not Kind.STRATEGY or any(scope.covers(o) for o in reading.orders)
    return reading.settled or not mine


async def _place(
    desk: Desk, run: Run, scope: Scope, broker: Broker, cancelled: int, notes: list[str]
) -> Place:
    """The broker after this round's orders."""
    working = [order for order in await _working(desk, scope) if order.broker == broker.name]
    doubt = tuple(order.symbol for order in working if order.state in IN_DOUBT)
    noes = await refusals(desk, run)
    held: list[Holdings] = []
    stays: list[Left] = []
    unsettled: list[str] = []
    for reading in await _readings(desk, scope, broker, notes):
        at_rest = not any(order.symbol == reading.symbol for order in working)
        if units := wanted(scope, reading):
            said = noes.get((broker.name, reading.symbol), ())
            found = left(desk, scope, reading, said) if at_rest else None
            if found is not None:
                stays.append(found)
                continue
            held.append(Holdings(reading.symbol, units, reading.holding.average))
        if not reading.settled:
            unsettled.append(reading.symbol)
    note = "; ".join(dict.fromkeys(notes))
    return Place(
        broker.name,
        cancelled,
        tuple(held),
        len(working) - len(doubt),
        doubt,
        tuple(unsettled),
        note,
        tuple(stays),
    )


async def _record(desk: Desk, run: Run, progress: Progress) -> None:
    """Tell a step that changed something, editing the one message; end the run when it is over."""
    scope = scope_of(run)
    closed = await words.closed(desk, run) if progress.ended else ""
    said = words.wording_of(desk, progress, closed, scope, latched=is_latched(run))
    async with desk.journal.transaction():
        current = await desk.journal.first(Run, id=run.id)
        if current is None or current.state not in UNDER_WAY:
            return
        if current.state is RunState.DUE:
            current = await desk.journal.move(
                current, state=RunState.RUNNING, started_at=desk.wall.now()
            )
        if current is None or (current.outcome == said and not progress.ended):
            return
        counted = {place.broker: place.cancelled for place in progress.places}
        args = {**current.args, "cancelled": counted, "left": len(progress.left)}
        done = {"state": RunState.DONE, "finished_at": desk.wall.now()} if progress.ended else {}
        await desk.journal.move(current, outcome=said, args=args, **done)
        title = "Square-off" if scope == ALL else f"Square-off of {scope.words}"
        await notices.tell(
            desk,
            message(bold(title), f"\n{said}"),
            lane=Lane.CRITICAL,
            subject=f"squareoff:{run.id}",
        )
    await desk.bell.ring("postman")
