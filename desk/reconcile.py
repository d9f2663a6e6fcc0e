"""Reconcile: what each broker says of positions and open orders against our books.

Fills are booked and ended orders followed first, and a difference counts only when two readings
in a row show it with the same figures: a fill in flight is none.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from desk import execute, notices, report, settle, wording
from desk.console.replies import columns
from desk.desk import Desk
from desk.wording import capital, number_of
from trading.errors import BrokerError
from trading.facts import Cursor, Lane
from trading.messages import Message, Span, bold, message, table
from trading.orders import AT_BROKER, Order, OrderState
from trading.ports import Broker, ShowsOrders

MEMORY = "reconcile"  # the cursor that holds what was told last
PAUSE = 2.0  # wall seconds between the two readings
SHOWN = 12  # differences in one message
ZERO = Decimal(0)

#: Sent and answered: the broker should know these. What is SUBMITTING is still on its way, and of
#: UNKNOWN the operator was told.
EXPECTED = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True)
class Shift:
    """A position the broker has otherwise; signed, in units."""

    broker: str
    symbol: str
    theirs: Decimal
    ours: Decimal


@dataclass(frozen=True, slots=True)
class Stray:
    """An order one side has open and the other has not."""

    broker: str
    key: str
    text: str  # "buy 10 AAPL works at paper, unknown here"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the brokers that could be asked said at `at`, and how our books differ."""

    at: datetime  # market time
    positions: int  # instruments held, all brokers
    orders: int  # open here
    booked: int  # fills that were new
    shifts: frozenset[Shift] = frozenset()
    strays: frozenset[Stray] = frozenset()
    asked: tuple[str, ...] = ()  # brokers
    away: tuple[str, ...] = ()  # why the others could not be asked

    @property
    def agrees(self) -> bool:
        return not (self.shifts or self.strays or self.away)


async def check(
    desk: Desk, rest: Callable[[float], Awaitable[object]] = asyncio.sleep, pause: float = PAUSE
) -> Reading:
    """One reading where all agrees, else a second `pause` wall seconds later, of which only what
    the first showed too is a difference."""
    first = await read(desk)
    if not first.shifts and not first.strays:
        return first
    await rest(pause)
    await desk.market.refresh()
    second = await read(desk)
    return replace(
        second,
        booked=first.booked + second.booked,
        shifts=first.shifts & second.shifts,
        strays=first.strays & second.strays,
    )


async def read(desk: Desk) -> Reading:
    """Ask every broker once."""
    booked, held = 0, 0
    asked: list[str] = []
    away: list[str] = []
    shifts: set[Shift] = set()
    strays: set[Stray] = set()
    await execute.follow(desk)
    for broker in desk.brokers.values():
        try:
            booked += await settle.collect(desk, broker)
            found = await report.position_differences(desk, broker)
            strays |= await _strays(desk, broker)
        except BrokerError as error:
            away.append(str(error))
            continue
        asked.append(broker.name)
        shifts |= {Shift(broker.name, *row) for row in found}
    ledger = await desk.books.ledger()
    held = sum(
        1 for broker in desk.brokers.values() for q in ledger.net(broker.account_id).values() if q
    )
    return Reading(
        desk.market.now(),
        held,
        await desk.journal.count(Order, state__in=tuple(AT_BROKER)),
        booked,
        frozenset(shifts),
        frozenset(strays),
        tuple(asked),
        tuple(away),
    )


async def _strays(desk: Desk, broker: Broker) -> set[Stray]:
    """Orders we think open that the broker does not, and, where it lists its own, the reverse.

    Asked before our own are read: one that is placed or ends in between shows in both readings
    only if it is truly astray.
    """
    theirs = await broker.working() if isinstance(broker, ShowsOrders) else []
    found = set()
    for order in await desk.journal.read(Order, broker=broker.name, state__in=EXPECTED):
        ack = await broker.find(order.key)
        if ack is None or ack.state not in AT_BROKER:
            said = "does not know it" if ack is None else f"says {ack.state.value}"
            what = f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
            text = f"{what} is {_word(order.state)} here, {broker.name} {said}"
            found.add(Stray(broker.name, order.key, text))
    keys = tuple(one.key for one in theirs)
    known = {o.key: o for o in await desk.journal.read(Order, key__in=keys)} if keys else {}
    for one in theirs:
        ours = known.get(one.key)
        if ours is None or ours.is_done:
            here = "unknown here" if ours is None else f"{_word(ours.state)} here"
            what = f"{one.side.value} {wording.quantity(one.quantity)} {one.symbol}"
            found.add(Stray(broker.name, one.key, f"{what} works at {broker.name}, {here}"))
    return found


def _word(state: OrderState) -> str:
    return state.value.replace("_", " ")


async def tell(desk: Desk, reading: Reading) -> bool:
    """Tell every operator of differences that were not told yet, or that there are none any more.
    Returns whether something was told. A broker that was away keeps what was told of it."""
    async with desk.journal.transaction():
        await desk.journal.append([Cursor(MEMORY, "{}")])
        cursor = await desk.journal.first(Cursor, name=MEMORY)
        assert cursor is not None
        before: dict[str, list[str]] = json.loads(cursor.value)
        after = {name: told for name, told in before.items() if name not in reading.asked}
        for name in reading.asked:
            if lines := _figures(reading, name):
                after[name] = lines
        if after == before:
            return False
        await desk.journal.move(cursor, value=json.dumps(after))
        if reading.shifts or reading.strays:
            await notices.tell(desk, wording_of(desk, reading), lane=Lane.CRITICAL)
        else:
            title = "The brokers' books agree with ours again"
            await notices.tell(desk, message(bold(title), f"\n{summary(desk, reading)}."))
    await desk.bell.ring("postman")
    return True


def _figures(reading: Reading, broker: str) -> list[str]:
    shifts = [
        f"{s.symbol} {s.theirs.normalize():f} {s.ours.normalize():f}"
        for s in reading.shifts
        if s.broker == broker
    ]
    return sorted(shifts + [s.text + s.key for s in reading.strays if s.broker == broker])


def summary(desk: Desk, reading: Reading) -> str:
    """ "3 positions, 1 open order, checked 14:05 New York"."""
    parts = [
        number_of(reading.positions, "position"),
        number_of(reading.orders, "open order"),
    ]
    if reading.booked:
        parts.append(f"{number_of(reading.booked, 'fill')} booked just now")
    at = desk.local(reading.at)
    parts.append(f"checked {at:%H:%M} {wording.place(desk.calendar.zone)}")
    return ", ".join(parts)


def outcome(reading: Reading) -> str:
    """A clause for the run."""
    count = len(reading.shifts) + len(reading.strays)
    if count:
        return f"{number_of(count, 'difference')} with the brokers"
    positions, orders = number_of(reading.positions, "position"), number_of(reading.orders, "order")
    return f"all agree: {positions}, {orders}"


def wording_of(desk: Desk, reading: Reading) -> Message:
    """What /reconcile shows and an alarm says."""
    if reading.agrees:
        return message(bold("All agree"), f": {summary(desk, reading)}.")
    parts: list[str | Span] = []
    left = SHOWN
    for name in sorted({d.broker for d in reading.shifts} | {d.broker for d in reading.strays}):
        parts += [bold(f"Our books and {name}'s differ"), "\n"]
        shifts = sorted((s for s in reading.shifts if s.broker == name), key=lambda s: s.symbol)
        if shifts:
            rows = [("", name[:10], "ours")]
            rows += [
                (s.symbol[:10], wording.quantity(s.theirs), wording.quantity(s.ours))
                for s in shifts[:left]
            ]
            parts += [table(columns(rows)), "\n"]
        strays = sorted(s.text for s in reading.strays if s.broker == name)
        room = max(left - len(shifts), 0)
        parts += [f"{text}.\n" for text in strays[:room]]
        hidden = max(len(shifts) + len(strays) - left, 0)
        if hidden:
            parts.append(f"… and {hidden} more.\n")
    if reading.away:
        parts += [bold("Not every broker could be asked"), "\n"]
        parts += [f"{capital(reason)}.\n" for reason in reading.away]
    parts.append(f"{capital(summary(desk, reading))}.")
    return message(*parts)
