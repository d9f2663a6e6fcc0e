"""Adopt: our books take a broker's figure, as facts under ids that the difference itself gives.

A position becomes fills without a fee, named by account, symbol, both figures and how many
executions our books held of it; an order becomes one of ours under the broker's key. The figures
are checked again in the transaction that writes, so what two operators press is written once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from desk import execute, reconcile, settle, wording
from desk.desk import Desk
from desk.differences import Difference, Shift, Stray, plain, shift_of
from trading.errors import BrokerError, DeskError
from trading.ledger import Position
from trading.orders import ADOPTED, DONE, Ack, Fill, Order, OrderState, OrderType
from trading.ports import Broker
from trading.types import Instrument, Side

IN_DOUBT = (OrderState.SUBMITTING, OrderState.UNKNOWN)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Booking:
    """What adopting a shift would write: signed units by strategy, at `price` from `source`."""

    shift: Shift
    account: str
    instrument: Instrument
    price: Decimal
    source: str  # "paper's average price"
    parts: dict[str, Decimal]

    @property
    def value(self) -> Decimal:
        """Absolute, in the instrument's currency."""
        return abs(self.shift.gap) * self.price * self.instrument.multiplier


async def shift(desk: Desk, words: tuple[str, ...]) -> Shift:
    """The shift a button named, where broker and books still say so. Raises DeskError with what
    they say now, or where an order of it is in doubt."""
    told = shift_of(words)
    broker = broker_of(desk, told.broker)
    try:
        await settle.collect(desk, broker)
        held = {h.symbol: h.quantity for h in await broker.positions()}
    except BrokerError as error:
        raise DeskError(f"{error}; nothing was changed, try again") from error
    ours = (await desk.books.ledger()).net(broker.account_id).get(told.symbol, ZERO)
    now = Shift(told.broker, told.symbol, held.get(told.symbol, ZERO), ours)
    if now != told:
        raise DeskError(_changed(now))
    doubt = await desk.journal.first(
        Order, broker=told.broker, symbol=told.symbol, state__in=IN_DOUBT
    )
    if doubt is not None:
        what = f"{doubt.side.value} {wording.quantity(doubt.quantity)} {doubt.symbol}"
        raise DeskError(
            f"nobody knows yet what became of the order to {what}, which may be the difference; "
            "/orders shows it, and its outcome comes first"
        )
    return now


def _changed(now: Shift) -> str:
    if not now.gap:
        return f"{now.symbol} agrees by now, {wording.quantity(now.ours)} on both sides"
    return f"it has changed since, {now.text}; /reconcile compares again"


async def booking(desk: Desk, told: Shift) -> Booking:
    """What adopting it would write now. Raises DeskError where no price is known."""
    broker = broker_of(desk, told.broker)
    instrument = instrument_of(desk, told.symbol)
    try:
        held = {h.symbol: h.average for h in await broker.positions()}
    except BrokerError as error:
        raise DeskError(f"{error}; nothing was changed, try again") from error
    average = held.get(told.symbol, ZERO)
    quote = await desk.feed.quote(told.symbol, desk.market.now())
    if average > 0 and (not told.ours or quote is None):
        price, source = average, f"{told.broker}'s average price"
    elif quote is not None:
        price, source = quote.price, "the last price"
    else:
        raise DeskError(f"no price of {told.symbol} is known to book it at; try again later")
    parts = split(await _books(desk, broker, told.symbol), told.theirs)
    return Booking(told, broker.account_id, instrument, price, source, parts)


async def _books(desk: Desk, broker: Broker, symbol: str) -> list[Position]:
    held = (await desk.books.ledger()).held()
    return [p for p in held if (p.book.account, p.book.symbol) == (broker.account_id, symbol)]


def split(books: Iterable[Position], theirs: Decimal) -> dict[str, Decimal]:
    """What each strategy's book takes, signed, so that together they hold `theirs`.

    Units nobody ordered go to `unassigned`. Units that are gone leave `unassigned` first, then
    the books in the order they were opened; where nothing is left, every book ends flat.
    """
    held = {position.book.strategy: position.quantity for position in books if position.quantity}
    if not theirs:
        return {strategy: -quantity for strategy, quantity in held.items()}
    ours = sum(held.values(), ZERO)
    gap, parts = theirs - ours, dict[str, Decimal]()
    if gap * ours < 0:
        for strategy in sorted(held, key=lambda name: name != settle.UNASSIGNED):
            taken = min(abs(held[strategy]), abs(gap))
            if taken and held[strategy] * ours > 0:
                parts[strategy] = taken if gap > 0 else -taken
                gap -= parts[strategy]
    if gap:
        parts[settle.UNASSIGNED] = parts.get(settle.UNASSIGNED, ZERO) + gap
    return parts


async def book(desk: Desk, asked: Booking, *, close: bool = False) -> list[Fill]:
    """Write it, in the caller's transaction; with `close` also the order that sells or buys back
    what was booked. Raises DeskError where our books have moved."""
    told, broker = asked.shift, broker_of(desk, asked.shift.broker)
    async with desk.journal.transaction():
        ours = (await desk.books.ledger()).net(asked.account).get(told.symbol, ZERO)
        if ours != told.ours:
            raise DeskError(_changed(Shift(told.broker, told.symbol, told.theirs, ours)))
        parts = split(await _books(desk, broker, told.symbol), told.theirs)
        if close:
            parts = {settle.UNASSIGNED: told.gap}
        epoch = await desk.journal.count(
            Fill, broker=told.broker, account=asked.account, symbol=told.symbol
        )
        figures = f"{told.symbol}:{plain(told.ours)}>{plain(told.theirs)}:{epoch}"
        fills = [
            Fill(
                told.broker,
                asked.account,
                f"{ADOPTED}{figures}:{strategy}",
                f"{desk.desk_id}-ad{epoch}-{told.symbol}",
                strategy,
                told.symbol,
                Side.BUY if units > 0 else Side.SELL,
                abs(units),
                asked.price,
                ZERO,
                asked.instrument.currency,
                desk.market.now(),
                asked.instrument.multiplier,
            )
            for strategy, units in parts.items()
        ]
        written = await desk.journal.append(fills)
        if close:
            await desk.journal.append([_closing(desk, asked, epoch)])
    return written


def _closing(desk: Desk, asked: Booking, epoch: int) -> Order:
    """Reduce-only, at the market: now, or at the next open."""
    told, now = asked.shift, desk.market.now()
    session = desk.calendar.session_at(now)
    return Order(
        key=f"{desk.desk_id}-rc{epoch}-{told.symbol}",
        strategy=settle.UNASSIGNED,
        broker=told.broker,
        account=asked.account,
        symbol=told.symbol,
        side=Side.SELL if told.gap > 0 else Side.BUY,
        quantity=abs(told.gap),
        execute_at=now if session else desk.calendar.next_session(now).open,
        created_at=now,
        reduce_only=True,
        purpose="manual",
    )


async def stray(desk: Desk, words: tuple[str, ...]) -> Stray:
    """The order a button named, where both sides still say so of it. Raises DeskError with what
    they say now."""
    _, name, key = words[:3]
    broker = broker_of(desk, name)
    try:
        await settle.collect(desk, broker)
        found = {one.key: one for one in await reconcile.strays(desk, broker)}
    except BrokerError as error:
        raise DeskError(f"{error}; nothing was changed, try again") from error
    now = found.get(key)
    if now is None:
        raise DeskError("both sides agree on that order by now; /orders shows it")
    if now.words != words:
        raise DeskError(f"it has changed since, {now.text}; /reconcile compares again")
    return now


async def take_order(desk: Desk, told: Stray, *, by: str) -> Order | None:
    """The broker's word on an order: one it works is ours from now on, one it does not know or
    has ended is ended here. None where somebody was first."""
    broker = broker_of(desk, told.broker)
    try:
        ack = await broker.find(told.key)
    except BrokerError as error:
        raise DeskError(f"{error}; nothing was changed, try again") from error
    if told.here:
        return await _ended(desk, told, ack, by)
    instrument_of(desk, told.symbol)
    now = desk.market.now()
    async with desk.journal.transaction():
        fills = await desk.journal.read(Fill, broker=told.broker, order_key=told.key)
        filled = sum((fill.quantity for fill in fills), ZERO)
        order = Order(
            key=told.key,
            strategy=settle.UNASSIGNED,
            broker=told.broker,
            account=broker.account_id,
            symbol=told.symbol,
            side=told.side,
            quantity=told.quantity + filled,
            execute_at=now,
            created_at=now,
            type=OrderType.MARKET if told.limit is None else OrderType.LIMIT,
            limit=told.limit,
            purpose="manual",
            state=OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED,
            broker_ref=ack.broker_ref if ack else "",
            submitted_at=now,
        )
        made = await desk.journal.append([order])
    return made[0] if made else None


async def _ended(desk: Desk, told: Stray, ack: Ack | None, by: str) -> Order | None:
    order = await desk.journal.first(Order, key=told.key)
    if order is None:
        return None
    if ack is None:
        note = f"{told.broker} does not know it; adopted by {by}"
        ack = Ack(told.key, OrderState.CANCELLED, note=note)
    if ack.state not in DONE or not await settle.acknowledge(desk, order, ack, collected=True):
        return None
    return await desk.journal.first(Order, key=told.key)


async def end_order(desk: Desk, told: Stray) -> None:
    """Ask the broker to cancel an order that works there; what has filled stays."""
    broker = broker_of(desk, told.broker)
    try:
        await broker.cancel(told.key)
        await settle.collect(desk, broker)
    except BrokerError as error:
        raise DeskError(f"could not cancel {told.name}: {error}; /reconcile looks again") from error
    await execute.follow(desk)


def broker_of(desk: Desk, name: str) -> Broker:
    """Raises DeskError for one this desk does not trade with."""
    found = desk.brokers.get(name)
    if found is None:
        raise DeskError(f"this desk has no broker called {name[:20]!r}")
    return found


def instrument_of(desk: Desk, symbol: str) -> Instrument:
    """Raises DeskError, saying what to do, for what this desk could not price."""
    found = desk.instruments.find(symbol)
    if found is None:
        raise DeskError(
            f"{symbol[:20]} is no instrument of this desk: bring its bars in first "
            "(quarterdeck data import), or trade it at the broker; Ignore keeps it quiet"
        )
    return found


async def named(desk: Desk, words: tuple[str, ...]) -> Difference:
    """The difference a button names, as it stands. Raises DeskError where it has changed."""
    if words[:1] == ("position",):
        return await shift(desk, words)
    if words[:1] == ("order",) and len(words) == 6:
        return await stray(desk, words)
    shift_of(())  # no words anybody wrote
    raise AssertionError
