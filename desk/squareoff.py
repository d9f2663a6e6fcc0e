"""Square-off: latch the halt, cancel, read the broker's positions, close them, until flat.

A saga in the journal: every step can be repeated, so it goes on after a crash where it stopped,
works while halted, and never asks for approval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from desk import asking, execute, notices, readings, settle, wording
from desk.desk import Desk
from desk.halt import latch
from desk.readings import Reading
from trading.errors import BrokerError, DeskError
from trading.facts import Lane, Run, RunState, Trading
from trading.messages import bold, message
from trading.orders import IN_DOUBT, WORKING, Order
from trading.types import Holdings, Side

JOB = "squareoff"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a square-off stands; `flat` only when the broker itself shows no position."""

    held: tuple[Holdings, ...]
    closing: int
    cancelled: int
    in_doubt: tuple[str, ...]
    note: str = ""
    unsettled: tuple[str, ...] = ()  # what the broker shows of these may be about to change

    @property
    def flat(self) -> bool:
        return not (self.held or self.closing or self.in_doubt or self.note or self.unsettled)


async def begin(desk: Desk, *, by: str) -> Run:
    """Halt and start; a square-off already under way is returned instead of a second one."""
    async with desk.journal.transaction():
        await latch(desk.journal, Trading.HALTED, by=by, reason="/squareoff", at=desk.market.now())
        running = await under_way(desk)
        if running is not None:
            return running
        run = await asking.ask(desk, Run(JOB, desk.wall.now(), args={"by": by, "cancelled": 0}))
        assert run is not None  # the last one is over, as was just read
        return run


async def under_way(desk: Desk) -> Run | None:
    return await desk.journal.first(Run, job=JOB, state__in=(RunState.DUE, RunState.RUNNING))


async def advance(desk: Desk, run: Run, *, owner: str = "") -> Progress:
    """One round. Call again until `progress.flat`; safe from several processes at once."""
    notes: list[str] = []
    run = await desk.journal.first(Run, id=run.id) or run  # what earlier rounds left in it
    cancelled = int(run.args.get("cancelled", 0)) + await _cancel_all(desk, notes)
    await execute.resolve(desk, owner=owner)
    await execute.follow(desk)
    for reading in await _readings(desk, notes):
        if reading.holding.quantity and reading.settled:
            async with desk.journal.transaction():
                await _close(desk, run, reading)
    await execute.execute_due(desk, owner=owner)
    working = await desk.journal.read(Order, state__in=tuple(WORKING))
    doubt = tuple(order.symbol for order in working if order.state in IN_DOUBT)
    after = await _readings(desk, notes)
    left = tuple(reading.holding for reading in after if reading.holding.quantity)
    unsettled = tuple(reading.symbol for reading in after if not reading.settled)
    note = "; ".join(dict.fromkeys(notes))
    progress = Progress(left, len(working) - len(doubt), cancelled, doubt, note, unsettled)
    await _record(desk, run, progress)
    return progress


async def _readings(desk: Desk, notes: list[str]) -> list[Reading]:
    """The brokers' own positions, their fills booked first; who cannot be asked is noted."""
    found: list[Reading] = []
    for broker in desk.brokers.values():
        try:
            found += await readings.read(desk, broker)
        except BrokerError as error:
            notes.append(str(error))
    return found


async def _cancel_all(desk: Desk, notes: list[str]) -> int:
    """Cancel every order that is not part of a square-off; returns how many. One that cannot be
    cancelled is noted and keeps nobody else waiting."""
    count = 0
    for order in await desk.journal.read(Order, state__in=tuple(WORKING), purpose__not=JOB):
        try:
            count += await execute.cancel(desk, order, note="square-off") is not None
        except DeskError as error:
            notes.append(str(error))
    return count


async def _close(desk: Desk, run: Run, reading: Reading) -> None:
    """Order the close of one net position, book by book: in all no more than the broker shows,
    less what other orders may still take off it. Nothing where one of a square-off is working, or
    anything has moved since the reading: the position would be closed twice."""
    broker, symbol, held = reading.broker, reading.symbol, reading.holding.quantity
    before = {"purpose": JOB, "symbol": symbol, "broker": broker.name}
    mine = [order for order in reading.orders if order.purpose == JOB]
    if not all(order.is_done for order in mine) or not await readings.stands(desk, reading):
        return
    attempt = await desk.journal.count(Order, **before)
    now = desk.market.now()
    session = desk.calendar.session_at(now)
    execute_at = now if session else desk.calendar.next_session(now).open
    taken = await readings.committed(desk, reading)
    orders = [
        Order(
            key=f"{desk.desk_id}-sq{run.id}-{symbol}-{attempt + number}",
            strategy=strategy,
            broker=broker.name,
            account=broker.account_id,
            symbol=symbol,
            side=Side.SELL if held > 0 else Side.BUY,
            quantity=quantity,
            execute_at=execute_at,
            created_at=now,
            reduce_only=True,
            purpose=JOB,
        )
        for number, (strategy, quantity) in enumerate(closes(held, reading.books or {}, taken))
    ]
    await desk.journal.append(orders)


def closes(
    held: Decimal, books: Mapping[str, Decimal], taken: Mapping[str, Decimal]
) -> list[tuple[str, Decimal]]:
    """What each strategy's book closes of `held`, positive units: in all no more than is held less
    what was `taken` by other orders. What is held and in nobody's book closes as unassigned."""
    sign = 1 if held > 0 else -1
    units = {strategy: max(quantity * sign, ZERO) for strategy, quantity in books.items()}
    stray = (held - sum(books.values(), ZERO)) * sign
    units[settle.UNASSIGNED] = max(units.get(settle.UNASSIGNED, ZERO) + stray, ZERO)
    left = abs(held) - sum(taken.values(), ZERO)
    found = []
    for strategy, whole in sorted(units.items()):
        quantity = min(whole - taken.get(strategy, ZERO), left)
        if quantity > 0:
            found.append((strategy, quantity))
            left -= quantity
    return found


async def _record(desk: Desk, run: Run, progress: Progress) -> None:
    """Tell a step that changed something, editing the one message; end the run when flat."""
    said = wording_of(desk, progress)
    async with desk.journal.transaction():
        current = await desk.journal.first(Run, id=run.id)
        if current is None or current.state in (RunState.DONE, RunState.FAILED):
            return
        if current.state is RunState.DUE:
            current = await desk.journal.move(
                current, state=RunState.RUNNING, started_at=desk.wall.now()
            )
        if current is None or (current.outcome == said and not progress.flat):
            return
        args = {**current.args, "cancelled": progress.cancelled}
        done = {"state": RunState.DONE, "finished_at": desk.wall.now()} if progress.flat else {}
        await desk.journal.move(current, outcome=said, args=args, **done)
        await notices.tell(
            desk,
            message(bold("Square-off"), f"\n{said}"),
            lane=Lane.CRITICAL,
            subject=f"squareoff:{run.id}",
        )
    await desk.bell.ring("postman")


def wording_of(desk: Desk, progress: Progress) -> str:
    """The saga's message, step by step."""
    lines = []
    if progress.cancelled:
        lines.append(f"Cancelled {progress.cancelled} orders.")
    if progress.flat:
        lines.append("Flat: the broker shows no position.")
        lines.append("Trading stays halted until /resume.")
        return "\n".join(lines)
    if progress.held:
        names = ", ".join(f"{wording.quantity(h.quantity)} {h.symbol}" for h in progress.held[:12])
        more = f" and {len(progress.held) - 12} more" if len(progress.held) > 12 else ""
        lines.append(f"Closing {len(progress.held)}: {names}{more}.")
    now = desk.market.now()
    if progress.held and desk.calendar.session_at(now) is None:
        opens = desk.local(desk.calendar.next_session(now).open)
        lines.append(
            f"The market is closed; the orders go at the open, {wording.moment(opens)} "
            f"{wording.place(desk.calendar.zone)}."
        )
    if progress.in_doubt:
        lines.append(f"Outcome not known yet: {', '.join(progress.in_doubt)}; asking the broker.")
    if progress.unsettled and not (progress.closing or progress.in_doubt):
        lines.append("Waiting until the broker's books have settled.")
    if progress.note:
        lines.append(f"{progress.note}; trying again.")
    return "\n".join(lines) or "Working."
