"""Reconcile: what each broker says of positions and open orders against our books.

Fills are booked, unknown outcomes looked up and ended orders followed first, and a difference
counts only when two readings in a row show it with the same figures: a fill in flight is none.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from desk import execute, report, settle
from desk.desk import Desk
from desk.differences import WORKS, Difference, Shift, Stray, code
from desk.wording import number_of
from trading.errors import BrokerError, DataError
from trading.facts import Cursor
from trading.orders import AT_BROKER, Order, OrderState
from trading.ports import Broker, ShowsOrders

LAST = "reconcile:last"  # the cursor that holds when the books were compared, and what of it
IGNORED = "reconcile:ignored"  # what an operator does not want to be told again, and who it was
PAUSE = 2.0  # wall seconds between two readings
ZERO = Decimal(0)

#: Sent and answered: the broker should know these. What is SUBMITTING is still on its way, and of
#: UNKNOWN the operator was told.
EXPECTED = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the brokers that could be asked said at `at`, and how our books differ."""

    at: datetime  # market time
    positions: int  # instruments held, all brokers
    orders: int  # open here
    booked: int  # fills that were new
    found: frozenset[Difference] = frozenset()
    ignored: frozenset[Difference] = frozenset()  # of those found
    asked: tuple[str, ...] = ()  # brokers
    away: tuple[str, ...] = ()  # why the others could not be asked

    @property
    def open(self) -> frozenset[Difference]:
        """Found, and nobody has said to ignore it."""
        return self.found - self.ignored

    @property
    def agrees(self) -> bool:
        return not (self.open or self.away)


class Last(NamedTuple):
    """The latest comparison; `at` is market time, `away` why a broker could not be asked."""

    at: datetime
    differences: int
    ignored: int
    away: tuple[str, ...]


async def last(desk: Desk) -> Last | None:
    """When the books were last compared with the brokers' and what came of it; None: never."""
    body = await kept(desk, LAST)
    if not body:
        return None
    at = datetime.fromisoformat(body["at"])
    return Last(at, body["differences"], body["ignored"], tuple(body["away"]))


async def check(
    desk: Desk,
    rest: Callable[[float], Awaitable[object]] | None = None,
    *,
    readings: int = 2,
) -> Reading:
    """One reading where all agrees, else as many as `readings`, PAUSE wall seconds apart, of which
    only what every one showed is a difference."""
    rest = rest or desk.rest
    seen = await read(desk)
    for _ in range(readings - 1):
        if not seen.found:
            break
        await rest(PAUSE)
        await desk.market.refresh()
        again = await read(desk)
        seen = replace(again, booked=seen.booked + again.booked, found=seen.found & again.found)
    known = await ignored(desk)
    seen = replace(seen, ignored=frozenset(d for d in seen.found if code(d) in known))
    await _remember(desk, seen)
    return seen


async def read(desk: Desk) -> Reading:
    """Ask every broker once."""
    booked, held = 0, 0
    asked: list[str] = []
    away: list[str] = []
    found: set[Difference] = set()
    await execute.resolve(desk)
    await execute.follow(desk)
    for broker in desk.brokers.values():
        try:
            booked += await settle.collect(desk, broker)
            shifted = await shifts(desk, broker)
            found |= await strays(desk, broker)
        except (BrokerError, DataError) as error:  # silent, or not to be understood
            away.append(str(error))
            continue
        asked.append(broker.name)
        found |= shifted
    ledger = await desk.books.ledger()
    held = sum(
        1 for broker in desk.brokers.values() for q in ledger.net(broker.account_id).values() if q
    )
    return Reading(
        desk.market.now(),
        held,
        await desk.journal.count(Order, state__in=tuple(AT_BROKER)),
        booked,
        frozenset(found),
        asked=tuple(asked),
        away=tuple(away),
    )


async def shifts(desk: Desk, broker: Broker) -> set[Shift]:
    """The positions this broker has otherwise, in one reading."""
    return {Shift(broker.name, *row) for row in await report.position_differences(desk, broker)}


async def strays(desk: Desk, broker: Broker) -> set[Stray]:
    """Orders we think open that the broker does not, and, where it lists its own, the reverse.

    Asked before our own are read: one that is placed or ends in between shows in both readings
    only if it is truly astray.
    """
    theirs = await broker.working() if isinstance(broker, ShowsOrders) else []
    found = set()
    for order in await desk.journal.read(Order, broker=broker.name, state__in=EXPECTED):
        ack = await broker.find(order.key)
        if ack is None or ack.state not in AT_BROKER:
            there = "" if ack is None else _word(ack.state)
            ours = (order.key, order.symbol, order.side, order.quantity)
            found.add(Stray(broker.name, *ours, _word(order.state), there, order.limit))
    keys = tuple(one.key for one in theirs)
    known = {o.key: o for o in await desk.journal.read(Order, key__in=keys)} if keys else {}
    for one in theirs:
        mine = known.get(one.key)
        if mine is None or mine.is_done or mine.state is OrderState.PLANNED:
            here = "" if mine is None else _word(mine.state)
            shown = (one.key, one.symbol, one.side, one.quantity)
            found.add(Stray(broker.name, *shown, here, WORKS, one.limit))
    return found


def _word(state: OrderState) -> str:
    return state.value.replace("_", " ")


def outcome(reading: Reading) -> str:
    """A clause for the run."""
    if reading.open:
        return f"{number_of(len(reading.open), 'difference')} with the brokers"
    positions, orders = number_of(reading.positions, "position"), number_of(reading.orders, "order")
    besides = f" but {len(reading.ignored)} ignored" if reading.ignored else ""
    return f"all agree{besides}: {positions}, {orders}"


async def ignored(desk: Desk) -> dict[str, str]:
    """Who said to ignore it, by the difference's code."""
    return await kept(desk, IGNORED)


async def ignore(desk: Desk, difference: Difference, *, by: str) -> None:
    """From now on this very difference, with these figures, is shown and not told."""
    async with desk.journal.transaction():
        await write(desk, IGNORED, {**await ignored(desk), code(difference): by})


async def forget_ignored(desk: Desk, reading: Reading) -> None:
    """One that is gone is told again, should it ever come back."""
    known = await ignored(desk)
    there = {code(difference) for difference in reading.found}
    gone = {one for one in known if one not in there and one.split()[1] in reading.asked}
    if gone:
        await write(desk, IGNORED, {one: by for one, by in known.items() if one not in gone})


async def kept(desk: Desk, name: str) -> dict[str, Any]:
    """What stands under a cursor's name; empty where nothing was written."""
    row = await desk.journal.first(Cursor, name=name)
    return dict(json.loads(row.value)) if row else {}


async def write(desk: Desk, name: str, value: Any) -> None:
    """Keep `value` as JSON under a cursor's name; call it inside a transaction."""
    await desk.journal.append([Cursor(name, "{}")])
    row = await desk.journal.first(Cursor, name=name)
    assert row is not None
    await desk.journal.move(row, value=json.dumps(value))


async def _remember(desk: Desk, reading: Reading) -> None:
    body = {
        "at": reading.at.isoformat(),
        "differences": len(reading.open),
        "ignored": len(reading.ignored),
        "away": reading.away,
    }
    async with desk.journal.transaction():
        await write(desk, LAST, body)
