"""Brackets as they stand: what covers each position, and what else may take something off it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from desk import doubt, readings, settle
from desk.desk import Desk
from risk.exits import OWN, Exits, Levels, levels
from trading.brackets import Bracket
from trading.errors import BrokerError, DeskError
from trading.ledger import Book
from trading.orders import AT_BROKER, DONE, WORKING, Fill, Order, OrderState, OrderType
from trading.signals import Signal
from trading.types import Side

EXIT = "exit"  # the purpose of the orders a bracket makes
MANUAL = "manual"  # the book of what operators buy by hand, each with a stop of its own or none
#: What may be sent beside a resting stop: the bracket's own, and a square-off, which cancels first.
BESIDE = (EXIT, "squareoff")
LATEST = 10
ZERO = Decimal(0)


def exits_of(desk: Desk, strategy: str) -> Exits:
    """What ends that book's positions besides a signal."""
    plan = desk.plans.get(strategy)
    if plan is not None and plan.exits:
        return plan.exits
    return Exits(stop=OWN) if strategy == MANUAL else Exits()


def levels_of(desk: Desk, signal: Signal, entry: Decimal | None = None) -> Levels:
    """What would end the position this signal opens at `entry`, its own price without one."""
    exits = exits_of(desk, signal.strategy)
    instrument = desk.instruments.find(signal.symbol)
    if signal.is_exit or not exits or instrument is None:
        return Levels()
    sign = 1 if signal.target.value == "long" else -1
    atr = Decimal(repr(signal.features.get("atr", 0.0)))
    known = atr if atr.is_finite() and atr > 0 else None
    return levels(exits, sign, entry or signal.price, instrument.tick, known, signal.stop)


def stop_of(desk: Desk, signal: Signal) -> Decimal | None:
    """The stop that would rest at the broker or be watched; None where none will be."""
    return levels_of(desk, signal).stop


def kept(desk: Desk, signal: Signal) -> bool:
    """Whether a stop of this signal will rest at the broker or be watched."""
    return stop_of(desk, signal) is not None


def book_of(row: Bracket | Order) -> Book:
    return Book(row.strategy, row.account, row.symbol)


def same_book(row: Bracket | Order) -> dict[str, Any]:
    """What finds the orders and brackets of its book."""
    return {"strategy": row.strategy, "account": row.account, "symbol": row.symbol}


async def live(desk: Desk, **where: Any) -> list[Bracket]:
    return await desk.journal.read(Bracket, ended_at__isnull=True, **where)


@dataclass(frozen=True, slots=True)
class Closing:
    """The orders that may make one book smaller, and how many units of each are left."""

    orders: tuple[Order, ...]
    left: Mapping[str, Decimal]  # by key

    def of(self, *, exits: bool) -> tuple[Order, ...]:
        return tuple(order for order in self.orders if (order.purpose == EXIT) is exits)

    def units(self, orders: Iterable[Order]) -> Decimal:
        return sum((self.left[order.key] for order in orders), ZERO)


NOTHING = Closing((), {})


async def closing(desk: Desk, **where: Any) -> dict[Book, Closing]:
    """By book. An order that waits for its time counts once that has come."""
    now = desk.market.now()
    orders = [
        order
        for order in await desk.journal.read(
            Order, reduce_only=True, state__in=tuple(WORKING), **where
        )
        if order.state in AT_BROKER or order.execute_at <= now or order.purpose == EXIT
    ]
    left = {order.key: order.quantity for order in orders}
    for fill in await desk.journal.read(Fill, order_key__in=tuple(left)) if left else ():
        left[fill.order_key] = max(left[fill.order_key] - fill.quantity, ZERO)
    found: dict[Book, tuple[Order, ...]] = {}
    for order in orders:
        found[book_of(order)] = (*found.get(book_of(order), ()), order)
    return {book: Closing(rows, left) for book, rows in found.items()}


async def held(desk: Desk, order: Bracket | Order) -> Decimal:
    """Units of the book that an order of that side closes; never below zero."""
    ledger = await desk.books.ledger()
    signed = ledger.position(order.strategy, order.account, order.symbol).quantity
    return max(-signed * order.side.sign, ZERO)


async def room(desk: Desk, order: Bracket | Order) -> Decimal:
    """How much of the book no order but this one may take; ask in the transaction that acts."""
    where = same_book(order)
    there = (await closing(desk, **where)).get(book_of(order), NOTHING)
    others = [one for one in there.orders if isinstance(order, Bracket) or one.id != order.id]
    same = [one for one in others if one.side is order.side]
    return await held(desk, order) - there.units(same)


async def in_the_way(desk: Desk, order: Order) -> tuple[Order, ...] | None:
    """What of a bracket works on the book that `order` is about to close; None for an order that
    nothing is cleared for, or a book that never had a bracket's order."""
    if not order.reduce_only or order.purpose in BESIDE:
        return None
    where = same_book(order)
    if not await desk.journal.count(Order, purpose=EXIT, **where):
        return None
    rows = await desk.journal.read(Order, purpose=EXIT, state__in=tuple(WORKING), **where)
    return tuple(rows)


async def settled(desk: Desk, broker: str, symbol: str) -> readings.Reading | None:
    """The broker's reading of one instrument, where no order that ended short may still show a
    fill. BrokerError where it is away."""
    for reading in await readings.read(desk, desk.brokers[broker]):
        if reading.symbol == symbol:
            return reading if reading.settled or not reading.may_still_fill else None
    return None


async def fitted(desk: Desk, order: Order) -> Order | None:
    """The order, cut to what its book still holds once nothing of a bracket works there; None
    while that cannot be said. One with nothing left comes back with a quantity of zero."""
    try:
        if await settled(desk, order.broker, order.symbol) is None:
            return None
    except BrokerError as error:
        raise DeskError(str(error)) from error
    async with desk.journal.transaction():
        free = await room(desk, order)
        if free >= order.quantity or order.state is not OrderState.PLANNED:
            return order
        return await desk.journal.move(order, quantity=max(free, ZERO))


async def check(desk: Desk, order: Order) -> str:
    """Why a bracket's order may not go now, in the transaction that claims it; "" where it may."""
    if order.purpose != EXIT or order.state is not OrderState.PLANNED:
        return ""
    free = await room(desk, order)
    if free >= order.quantity:
        return ""
    return f"{max(free, ZERO).normalize():f} left to close, not {order.quantity.normalize():f}"


async def of_trade(desk: Desk, book: Book, opened_by: str) -> Bracket | None:
    """The bracket of a position that `opened_by` opened, ended or not."""
    strategy, account, symbol = book
    return await desk.journal.first(
        Bracket,
        strategy=strategy,
        account=account,
        symbol=symbol,
        opened_by=opened_by,
        order="-id",
    )


async def halted_line(desk: Desk, *, strategy: str = "", broker: str = "") -> str:
    """What a halt does to the stops there are, for its text; "" where there is none."""
    where = {name: of for name, of in (("strategy", strategy), ("broker", broker)) if of}
    rows = [row for row in await live(desk, **where) if row.stop is not None]
    resting = [row for row in rows if row.rests]
    watched = sorted({row.symbol for row in rows if not row.rests})
    parts = []
    if resting:
        stays = "1 stop stays" if len(resting) == 1 else f"{len(resting)} stops stay"
        parts.append(f"{stays} at the broker.")
    if watched:
        names = ", ".join(watched[:8]) + (f" and {len(watched) - 8} more" if watched[8:] else "")
        parts.append(f"Watched stops send nothing while halted: {names}.")
    return " ".join(parts)


async def uncovered(desk: Desk) -> list[str]:
    """Positions with a stop that nothing, or not exactly one protection, covers, unless their
    bracket says why; a sentence each."""
    found = []
    rows = {book_of(row): row for row in await live(desk)}
    orders = await closing(desk)
    for position in (await desk.books.ledger()).held():
        book, row = position.book, rows.pop(position.book, None)
        if book.strategy == settle.UNASSIGNED or not position.quantity:
            continue
        what = f"{book.symbol} in {book.strategy}"
        if row is None:
            exits = exits_of(desk, book.strategy)
            if exits and book.strategy != MANUAL:
                found.append(f"{what} has no bracket")
            continue
        mine = orders.get(book, NOTHING)
        stops = [o for o in mine.of(exits=True) if o.type is OrderType.STOP]
        if row.note or row.fired or row.stop is None:
            continue
        if not row.rests:
            found += [f"the stop of {what} is watched and rests"] if stops else []
            continue
        others = mine.units(mine.of(exits=False))
        wants = max(abs(position.quantity) - others, ZERO)
        covers = mine.units(stops)
        if covers != wants or any(order.stop != row.stop for order in stops):
            found.append(f"{what}: {wants:f} to cover, stops for {covers:f}")
    for book, row in rows.items():
        if row.stop is not None and book in orders and orders[book].of(exits=True):
            found.append(f"{book.symbol} in {book.strategy} is flat and has a stop")
    return found


async def overclosed(desk: Desk) -> list[str]:
    """Books of which live orders, a bracket's among them, could close more than is held."""
    ledger = await desk.books.ledger()
    found = []
    for book, there in (await closing(desk)).items():
        alive = [order for order in there.orders if order.state in AT_BROKER]
        if not any(order.purpose == EXIT for order in alive):
            continue
        signed = ledger.position(*book).quantity
        for side in Side:
            units = there.units(order for order in alive if order.side is side)
            has = max(-signed * side.sign, ZERO)
            if units > has:
                found.append(
                    f"{book.symbol} in {book.strategy}: orders close {units:f}, {has:f} are held"
                )
    return found


async def exits_made(desk: Desk, bracket: Bracket) -> Sequence[Order]:
    """The orders the bracket made last, oldest first."""
    numbers = range(max(bracket.placed - LATEST, 0), bracket.placed)
    keys = tuple(bracket.key(desk.desk_id, number + 1) for number in numbers)
    return await desk.journal.read(Order, key__in=keys) if keys else []


def is_blocked(orders: Iterable[Order], desk: Desk) -> bool:
    """Whether one of them is in doubt, so that its instrument rests."""
    wall = desk.wall.now()
    return any(doubt.blocks(order, wall) for order in orders if order.state not in DONE)
