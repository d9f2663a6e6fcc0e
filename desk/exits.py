"""Exits: each position with a stop is covered once, by an order that rests or by us watching.

One look compares every bracket with its position and takes one step towards what should be there;
a step is a compare-and-set, so any number of processes may look, and die, at any time. An order is
placed only after those it replaces are confirmed gone and can show no fill any more; in between
nothing rests, and the price is watched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from desk import brackets, execute, readings, wording
from desk.bracing import begin, follow, split, tell
from desk.brackets import EXIT, Closing, book_of, kept, stop_of
from desk.desk import Desk
from desk.halt import DESK, of_broker, of_strategy, trading_state
from risk.exits import touched
from trading.brackets import Bracket, Trigger
from trading.errors import BrokerError, DamagedRow, DataError, DeskError
from trading.facts import Run, RunState, Trading
from trading.ledger import Position
from trading.money import Action
from trading.orders import AT_BROKER, Order, OrderState, OrderType
from trading.ports import Session
from trading.types import Quote

__all__ = ["keep", "kept", "stop_of"]

ZERO = Decimal(0)
GRACE = timedelta(minutes=5)  # market time after the open in which a first price may be missing
RETRY = timedelta(minutes=1)  # market time between two tries to close
TRIES = 3  # refusals by the broker, after which a person must close
UNSETTLED = "waiting until the broker's books have settled"


@dataclass(slots=True)
class _Look:
    """What one look asked, each once."""

    desk: Desk
    now: datetime
    session: Session | None
    actions: Sequence[Action]
    owner: str
    states: dict[tuple[str, str], Trading] = field(default_factory=dict)
    squaring: set[str] | None = None  # scopes

    async def state(self, row: Bracket) -> Trading:
        key = row.strategy, row.broker
        if key not in self.states:
            self.states[key] = await trading_state(self.desk, *key)
        return self.states[key]

    async def squared(self, row: Bracket) -> bool:
        """Whether a square-off is closing it, which needs no stop and says enough by itself."""
        if self.squaring is None:
            under_way = (RunState.DUE, RunState.RUNNING)
            runs = await self.desk.journal.read(Run, job="squareoff", state__in=under_way)
            self.squaring = {str(run.args.get("scope", DESK)) for run in runs}
        scopes = {DESK, of_strategy(row.strategy), of_broker(row.broker), f"symbol:{row.symbol}"}
        return not scopes.isdisjoint(self.squaring)

    async def quote(self, symbol: str) -> Quote | None:
        """Today's price, where it can be traded at; an older one sets nothing off."""
        if self.session is None:
            return None
        try:
            quote = await self.desk.feed.quote(symbol, self.now)
        except DataError:
            return None
        fresh = quote is not None and quote.tradable and quote.at >= self.session.open
        return quote if fresh else None


async def keep(desk: Desk, *, owner: str = "") -> None:
    """One look at every bracket and every position that should have one, as this process or as
    `owner`. What it places it sends."""
    if not desk.reconciled:
        return
    rows = await brackets.live(desk)  # before the orders: who is late moves nothing
    try:
        ledger = await desk.books.ledger()
    except DamagedRow:
        return  # told by itself; no figure of the books may be read
    held = {position.book: position for position in ledger.held() if position.quantity}
    if not rows and not any(brackets.exits_of(desk, book.strategy) for book in held):
        return
    orders = await brackets.closing(desk)
    now = desk.market.now()
    since = min((row.action for row in rows), default=0)
    actions = await desk.journal.read(Action, id__gt=since) if rows else []
    try:
        session = desk.calendar.session_at(now)
    except DataError:
        session = None  # past the calendar's end nothing is sent; the job `calendar` tells it
    look = _Look(desk, now, session, actions, owner)
    for row in rows:
        position = held.pop(book_of(row), None)
        await _looked(look, row, position, orders.get(book_of(row), brackets.NOTHING))
    for book, position in held.items():
        if brackets.exits_of(desk, book.strategy):
            new = await begin(desk, position)
            if new is not None:
                await _looked(look, new, position, orders.get(book, brackets.NOTHING))


async def _looked(look: _Look, row: Bracket, position: Position | None, mine: Closing) -> None:
    """One of them; what goes wrong keeps nobody else waiting."""
    try:
        if position is None or not _belongs(row, position):
            await _end(look, row, mine)
        else:
            await _attend(look, row, position, mine)
    except (BrokerError, DeskError, DataError) as error:
        await _note(look.desk, row, str(error), told=False)


def _belongs(row: Bracket, position: Position) -> bool:
    opened_by = position.episode.opened_by if position.episode else ""
    return opened_by == row.opened_by and position.quantity * row.sign > 0


async def _attend(look: _Look, row: Bracket, position: Position, mine: Closing) -> None:
    desk = look.desk
    instrument = desk.instruments.find(row.symbol)
    row = await split(desk, row, instrument, look.actions)
    if instrument is None:
        return
    if await look.squared(row):
        await _note(desk, row, "a square-off is closing it", told=False)
        return
    if row.fired:
        await _close(look, row, position, mine)
        return
    quote = await look.quote(row.symbol)
    state = await look.state(row)
    if quote is not None and row.trail is not None:
        row = await follow(desk, row, quote, state, instrument)
    stops = mine.of(exits=True)
    watched = None if stops else row.stop  # never both
    trigger = Trigger.NONE
    if quote is not None:
        trigger = touched(row.sign, quote.price, watched, row.target)
    if not trigger and row.until is not None and look.now >= row.until and look.session:
        trigger = Trigger.SESSIONS
    if trigger and state is Trading.HALTED:
        why = f"its {_word(trigger)} is reached and trading is halted: nothing is sent"
        await _note(desk, row, why)
        return
    if trigger:
        await _fire(desk, row, trigger, quote)
        return
    if row.stop is None:
        return
    if row.rests:
        await _cover(look, row, position, mine, state)
    elif stops:
        await _cancel(desk, stops, "it is watched by us now")
    elif quote is None and look.session and look.now >= look.session.open + GRACE:
        await _note(desk, row, "there is no price of today, and its stop is watched by us")
    elif quote is not None:
        await _note(desk, row, "")


async def _cover(
    look: _Look, row: Bracket, position: Position, mine: Closing, state: Trading
) -> None:
    """Stops at the broker for exactly what is held and no other order is about to close."""
    desk = look.desk
    stops = mine.of(exits=True)
    wants = max(abs(position.quantity) - mine.units(mine.of(exits=False)), ZERO)
    covers = mine.units(stops)
    halted = state is Trading.HALTED
    away = () if halted else tuple(order for order in stops if order.stop != row.stop)
    for order in reversed(stops):
        if covers > wants and order not in away:
            away += (order,)
            covers -= mine.left[order.key]
    if away:
        await _cancel(desk, away, "its stop or its position has changed")
        return
    if covers == wants:
        instead = "" if wants else "another order is closing it"
        await _note(desk, row, instead, told=False)
        return
    if await _refused(desk, row):
        return
    if halted:
        await _note(desk, row, "trading is halted: no stop can be placed")
    elif look.session is not None:
        await _place(look, row, wants - covers, OrderType.STOP)


async def _refused(desk: Desk, row: Bracket) -> bool:
    """Whether the broker would not have the stop; then it is watched from now on."""
    made = await brackets.exits_made(desk, row)
    if not made or made[-1].state is not OrderState.REJECTED:
        return False
    async with desk.journal.transaction():
        moved = await desk.journal.move(row, rests=False, note="")
        if moved is not None:
            why = f"{row.broker} refused the stop: {made[-1].note}. It is watched by us now"
            await tell(desk, moved, "Stop not at the broker", why)
    await desk.bell.ring("postman")
    return True


async def _close(look: _Look, row: Bracket, position: Position, mine: Closing) -> None:
    """Close what is left of a position whose bracket has fired: nothing of it rests any more, then
    one order at the market, which only reduces."""
    desk = look.desk
    await _stop_entering(desk, row)
    ours = mine.of(exits=True)
    if resting := [order for order in ours if order.type is OrderType.STOP]:
        await _cancel(desk, resting, f"its {_word(row.fired)} was reached")
        return
    wants = abs(position.quantity) - mine.units(mine.of(exits=False))
    if ours or wants <= 0:
        return
    if await look.state(row) is Trading.HALTED:
        await _note(desk, row, "trading is halted: it is closed after /resume")
        return
    made = [one for one in await brackets.exits_made(desk, row) if one.type is OrderType.MARKET]
    refusals = [order for order in made if order.state is OrderState.REJECTED]
    if len(refusals) >= TRIES:
        why = f"{row.broker} refused to close it {TRIES} times: {refusals[-1].note}"
        await _note(desk, row, f"{why}. Close it by hand")
    elif made and made[-1].done_at is not None and look.now < made[-1].done_at + RETRY:
        return
    elif look.session is not None:
        quote = await look.quote(row.symbol)
        met = None if quote is None else quote.price
        await _place(look, row, wants, OrderType.MARKET, met)


async def _place(
    look: _Look, row: Bracket, quantity: Decimal, kind: OrderType, met: Decimal | None = None
) -> None:
    desk = look.desk
    broker = desk.brokers.get(row.broker)
    if broker is None:
        return
    reading = await brackets.settled(desk, row.broker, row.symbol)
    if reading is None:
        await _note(desk, row, UNSETTLED, told=False)
        return
    async with desk.journal.transaction():
        current = await desk.journal.first(Bracket, id=row.id)
        if current is None or current.version != row.version:
            return  # another look was first
        if not await readings.stands(desk, reading):
            return
        units = min(quantity, await brackets.room(desk, row))
        moved = None
        if units > 0:
            moved = await desk.journal.move(current, placed=current.placed + 1, note="")
        if moved is None:
            return
        order = Order(
            key=moved.key(desk.desk_id, moved.placed),
            strategy=row.strategy,
            broker=row.broker,
            account=row.account,
            symbol=row.symbol,
            side=row.side,
            quantity=units,
            execute_at=look.now,
            created_at=look.now,
            type=kind,
            stop=row.stop if kind is OrderType.STOP else None,
            reference=row.stop if kind is OrderType.STOP else met,
            reduce_only=True,
            purpose=EXIT,
        )
        new = await desk.journal.append([order])
    for one in new:
        await execute.execute(desk, one, owner=look.owner)


async def _cancel(desk: Desk, orders: Sequence[Order], why: str) -> None:
    for order in orders:
        await execute.cancel(desk, order, note=why)


async def _stop_entering(desk: Desk, row: Bracket) -> None:
    """What would still add to a position that is being left."""
    entries = await desk.journal.read(
        Order, reduce_only=False, state__in=tuple(AT_BROKER), key=row.opened_by
    )
    await _cancel(desk, entries, f"its {_word(row.fired or Trigger.STOP)} was reached")


async def _end(look: _Look, row: Bracket, mine: Closing) -> None:
    """The position is gone: nothing of its bracket may rest, then the bracket is over."""
    desk = look.desk
    if ours := mine.of(exits=True):
        await _cancel(desk, ours, "its position is closed")
        return
    fired = row.fired
    made = await brackets.exits_made(desk, row)
    if not fired and made and made[-1].type is OrderType.STOP:
        fired = Trigger.STOP if made[-1].state is OrderState.FILLED else fired
    at = row.fired_at or (look.now if fired else None)
    if fired is Trigger.STOP:
        await _stop_entering(desk, row)
    await desk.journal.move(row, ended_at=look.now, fired=fired, fired_at=at, note="")


async def _fire(desk: Desk, row: Bracket, trigger: Trigger, quote: Quote | None) -> None:
    """Once: whoever moves the bracket tells it, and closing goes on from what is recorded."""
    async with desk.journal.transaction():
        now = desk.market.now()
        moved = await desk.journal.move(row, fired=trigger, fired_at=now, note="")
        if moved is None:
            return
        level = row.stop if trigger is Trigger.STOP else row.target
        at = "" if quote is None else f"The price is {wording.price(quote.price)}"
        beside = "" if level is None else f", its {_word(trigger)} {wording.price(level)}"
        said = "It was held for as long as it may be"
        if trigger is not Trigger.SESSIONS:
            said = f"{at}{beside}"
        await tell(desk, moved, f"{wording.capital(_word(trigger))} reached", said)
    await desk.bell.ring("postman")


async def _note(desk: Desk, row: Bracket, why: str, *, told: bool = True) -> None:
    """Keep why a position is not covered now; told once while it stays so."""
    if row.note == why:
        return
    async with desk.journal.transaction():
        moved = await desk.journal.move(row, note=why)
        if moved is not None and why and told:
            await tell(desk, moved, "Not covered", why)
    if why and told:
        await desk.bell.ring("postman")


def _word(trigger: Trigger) -> str:
    return "last session" if trigger is Trigger.SESSIONS else trigger.value
