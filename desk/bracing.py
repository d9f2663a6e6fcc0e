"""Bracing: how a position comes by its bracket, and how the bracket's prices move."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from desk import brackets, notices
from desk.desk import LAST, Desk
from risk.exits import Levels, levels, ratchet
from trading.brackets import Bracket
from trading.errors import BrokerError, DataError
from trading.facts import Lane, Trading
from trading.ledger import Position
from trading.messages import bold, message
from trading.money import Action, Change
from trading.orders import Order, OrderType
from trading.signals import Signal
from trading.types import Instrument, Quote, Side

ZERO = Decimal(0)
FOLLOWS = timedelta(minutes=1)  # market time between two moves of a trailing stop
STEP = Decimal("0.1")  # of its distance: the least a trailing stop moves, since a move uncovers


async def begin(desk: Desk, position: Position) -> Bracket | None:
    """The bracket of a position that has none, measured from what its first fill cost."""
    book = position.book
    instrument = desk.instruments.find(book.symbol)
    if position.episode is None or instrument is None:
        return None
    opening = await desk.journal.first(Order, key=position.episode.opened_by)
    here = (b for b in desk.brokers.values() if b.account_id == book.account)
    broker = desk.brokers.get(opening.broker) if opening else next(here, None)
    if broker is None:
        return None
    try:
        rests = OrderType.STOP in (await broker.terms()).rests
    except BrokerError:
        return None
    made, until = await _levels(desk, position, opening, instrument)
    newest = await desk.journal.first(Action, order="-id")
    row = Bracket(
        strategy=book.strategy,
        broker=broker.name,
        account=book.account,
        symbol=book.symbol,
        opened_by=position.episode.opened_by,
        opened_at=position.episode.opened_at,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        entry=position.average,
        stop=made.stop,
        trail=made.trail,
        target=made.target,
        until=until,
        rests=rests,
        action=newest.id if newest else 0,
    )
    async with desk.journal.transaction():
        if await brackets.live(desk, **brackets.same_book(row)):
            return None
        new = await desk.journal.append([row])
        if new and made.missing and book.strategy != brackets.MANUAL:
            await tell(desk, new[0], "Not covered", made.missing)
    await desk.bell.ring("postman")
    return new[0] if new else None


async def _levels(
    desk: Desk, position: Position, opening: Order | None, instrument: Instrument
) -> tuple[Levels, datetime | None]:
    signal = None
    if opening is not None and opening.signal_id is not None:
        signal = await desk.journal.first(Signal, id=opening.signal_id)
    atr = Decimal(repr(signal.features.get("atr", 0.0))) if signal else ZERO
    known = atr if atr.is_finite() and atr > 0 else None
    own = signal.stop if signal and not signal.is_exit else None
    exits = brackets.exits_of(desk, position.book.strategy)
    sign = 1 if position.quantity > 0 else -1
    made = levels(exits, sign, position.average, instrument.tick, known, own)
    if not exits.sessions or position.opened_at is None:
        return made, None
    return made, _last_minute(desk, position.opened_at, exits.sessions)


def _last_minute(desk: Desk, opened_at: datetime, sessions: int) -> datetime | None:
    """Of the last of so many sessions; None past the calendar's end."""
    try:
        session = desk.calendar.session_at(opened_at) or desk.calendar.next_session(opened_at)
        for _ in range(sessions - 1):
            session = desk.calendar.next_session(session.open)
    except DataError:
        return None
    return session.close - LAST


async def split(
    desk: Desk, row: Bracket, instrument: Instrument | None, actions: Sequence[Action]
) -> Bracket:
    """The bracket with its prices as they are since a split of its instrument."""
    now = desk.market.now()
    due = [
        action
        for action in actions
        if action.id > row.action
        and action.symbol == row.symbol
        and action.account in ("", row.account)
        and action.at <= now
    ]
    if not due or instrument is None:
        return row
    factor = Decimal(1)
    for action in due:
        if action.kind is Change.SPLIT and action.at > row.opened_at:
            factor = factor * action.takes / action.gives

    def scaled(price: Decimal | None) -> Decimal | None:
        ticks = None if price is None else (price * factor / instrument.tick).to_integral_value()
        return None if ticks is None else max(ticks, Decimal(1)) * instrument.tick

    trail = None if row.trail is None else row.trail * factor
    last = max(action.id for action in due)
    moved = await desk.journal.move(
        row,
        stop=scaled(row.stop),
        target=scaled(row.target),
        trail=trail,
        entry=row.entry * factor,
        action=last,
    )
    return moved or row


async def follow(
    desk: Desk, row: Bracket, quote: Quote, state: Trading, instrument: Instrument
) -> Bracket:
    """A trailing stop moves towards the money only, once a minute at most and never by little.
    While trading is halted one that rests stays where it is: nothing could replace it."""
    if row.trail is None or (row.rests and state is Trading.HALTED):
        return row
    now = desk.market.now()
    if row.moved_at is not None and now < row.moved_at + FOLLOWS:
        return row
    stop = ratchet(row.stop, row.trail, quote.price, row.sign, instrument.tick)
    if stop == row.stop or (row.stop is not None and abs(stop - row.stop) < row.trail * STEP):
        return row
    return await desk.journal.move(row, stop=stop, moved_at=now) or row


async def tell(desk: Desk, row: Bracket, what: str, why: str) -> None:
    said = message(bold(f"{what}: {row.symbol}"), f"\n{row.strategy}: {why}.")
    await notices.tell(desk, said, lane=Lane.CRITICAL)
