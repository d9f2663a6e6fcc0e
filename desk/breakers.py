"""Breakers: what the marked-to-market equity and the latest ends ask of the latch.

They only tighten. What they measure from is kept in one row, so that a restart forgets nothing;
a resume moves it to where things stand then, so that the same loss does not trip them again.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import structlog

from desk import guarding, halt, notices, snapshots, wording
from desk.desk import Desk
from desk.report import known
from risk import breakers, guards
from risk.breakers import Standing, Trip
from risk.checks import Check
from trading.errors import BrokerError, DataError
from trading.facts import Cursor, Lane, Latch, Trading
from trading.ledger import Ledger
from trading.messages import Button, bold, message
from trading.money import CAPITAL
from trading.orders import Order, OrderState
from trading.ports import TellsTime

ROW = "breakers"
BY = "breaker"
ZERO = Decimal(0)
LOOK = timedelta(seconds=60)  # of market or wall time; what is sent is preceded by a look anyway
ENDS = (
    OrderState.ACCEPTED,
    OrderState.PARTIALLY_FILLED,
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the breakers measure from. Money in base currency, deposits left out."""

    day: str = ""  # of the session `opened` is of
    opened: str = "0"  # gain as that day began
    peak: str = "0"
    gain: str = "0"  # at the last look
    fill: int = 0  # trades ended by later fills count
    order: int = 0  # later orders count
    since: Mapping[str, int] = field(default_factory=dict)  # the same of one scope, once resumed
    tripped: Mapping[str, str] = field(default_factory=dict)  # by scope, the state asked for
    locked: Mapping[str, int] = field(default_factory=dict)  # by scope, the fill that locked it

    def standing(self, capital: Decimal) -> Standing:
        return Standing(capital, Decimal(self.gain), Decimal(self.opened), Decimal(self.peak))


async def money(desk: Desk, ledger: Ledger) -> tuple[Decimal, Decimal]:
    """Paid-in capital and gain of all accounts at the latest prices. Raises DataError where an
    exchange rate is not known, or neither books nor brokers say what was paid in."""
    now, zero = desk.market.now(), ZERO
    prices = await snapshots.prices_at(desk, ledger, now)
    equity = sum((v * known(ledger, c, now) for (_, c), v in ledger.cash.items() if v), zero)
    for position in ledger.held():
        price = prices.get(position.book.symbol)
        value = position.cost if price is None else position.value(price)
        equity += value * known(ledger, position.currency, now)
    capital = sum(
        (v for (_, kind), v in ledger.base_flows.items() if kind in set(map(str, CAPITAL))), zero
    )
    if capital.is_nan():
        raise DataError("no exchange rate is known for what was paid in")
    gain = equity - capital
    paid = await _paid(desk, ledger, gain)
    if paid is not None:  # deposits from before our books began are in nobody's but the broker's
        capital = max(capital, paid)
    if capital <= 0:
        raise DataError("nobody says what was paid in")
    return capital, gain


async def _paid(desk: Desk, ledger: Ledger, gain: Decimal) -> Decimal | None:
    """What was paid in by the brokers' own word, asked once a minute: no price moves it. None
    where one cannot be asked."""
    now, last = desk.wall.now(), desk.hands.paid
    if last is not None and abs(now - last[0]) < LOOK:
        return last[1]
    worth = await _at_brokers(desk, ledger)
    if worth is None:
        return None
    desk.hands.paid = (now, worth - gain)
    return worth - gain


async def _at_brokers(desk: Desk, ledger: Ledger) -> Decimal | None:
    """The equity of all accounts by the brokers' own word; None where one cannot be asked."""
    worth, now = ZERO, desk.market.now()
    for broker in desk.brokers.values():
        try:
            account = await broker.account()
        except BrokerError:
            return None
        worth += account.equity * known(ledger, account.currency, now)
    return worth


async def keep(desk: Desk, *, fresh: bool = False) -> None:
    """One look; a minute apart unless `fresh`. Trips what must be tripped, and tells it."""
    if not _active(desk) or not (fresh or _is_time(desk)):
        return
    await _clocks(desk)
    ledger = await desk.books.ledger()
    try:
        capital, gain = await money(desk, ledger)
    except DataError as error:
        log.warning("the breakers cannot be read", error=str(error))
        return
    async with desk.journal.transaction():
        row = await desk.journal.first(Cursor, name=ROW)
        latches = {one.name: one.state for one in await desk.journal.read(Latch)}
        before = _read(row) or await _begin(desk, ledger, gain)
        memory = _resumed(desk, ledger, _today(desk, before, gain), latches, gain)
        memory = replace(memory, gain=str(gain), peak=str(max(Decimal(memory.peak), gain)))
        asked = await _trips(desk, ledger, memory, capital)
        tripped = dict(memory.tripped)
        for scope, trip in asked.items():
            now = latches.get(scope, Trading.ACTIVE)
            if _tighter(trip.state, tripped.get(scope)):
                tripped[scope] = str(trip.state)
                await _trip(desk, scope, trip, now)
        locked = await guarding.lock(desk, ledger, memory.locked, memory.fill)
        await _write(desk, row, replace(memory, tripped=tripped, locked=locked))
    if asked:
        await desk.bell.ring("postman")


async def rebase(desk: Desk, scope: str = halt.DESK) -> str:
    """After a resume: measure from here. Says so in a sentence, "" where it changes nothing."""
    if not _active(desk):
        return ""
    ledger = await desk.books.ledger()
    try:
        capital, gain = await money(desk, ledger)
    except DataError as error:
        return f"The breakers cannot be read: {error}."
    async with desk.journal.transaction():
        row = await desk.journal.first(Cursor, name=ROW)
        before = _read(row) or await _begin(desk, ledger, gain)
        orders = await _last_order(desk)
        await _write(desk, row, _from_here(before, ledger, scope, gain, orders))
    if scope != halt.DESK:
        return "Its losses and refusals count from now on."
    worth = wording.money(capital + gain, desk.currency)
    return f"Daily loss and drawdown are measured from here on: {worth}."


async def gauges(desk: Desk) -> list[Check]:
    """Where the breakers stand, each beside the limit that comes next. Raises DataError where an
    exchange rate is not known."""
    limits = desk.limits.breakers
    if not _active(desk):
        return []
    ledger = await desk.books.ledger()
    capital, gain = await money(desk, ledger)
    memory = _read(await desk.journal.first(Cursor, name=ROW)) or Memory(
        opened=str(gain), peak=str(gain), fill=_last_fill(ledger), order=await _last_order(desk)
    )
    memory = replace(_today(desk, memory, gain), gain=str(gain))
    standing = replace(memory.standing(capital), peak=max(Decimal(memory.peak), gain))
    found = []
    losses = [limit for limit in (limits.loss_reducing, limits.loss_halted) if limit]
    if losses:
        found.append(
            breakers.check_loss(
                standing, next((one for one in losses if standing.loss < one), losses[-1])
            )
        )
    if limits.drawdown:
        found.append(breakers.check_drawdown(standing, limits.drawdown))
    return found + list((await _rows(desk, ledger, memory)).values())


def _active(desk: Desk) -> bool:
    limits = desk.limits
    return any(asdict(limits.breakers).values()) or bool(
        limits.protections.stops or limits.protections.poor_trades
    )


def _is_time(desk: Desk) -> bool:
    now, last = (desk.market.now(), desk.wall.now()), desk.hands.looked
    due = last is None or any(abs(a - b) >= LOOK for a, b in zip(now, last, strict=True))
    if due:
        desk.hands.looked = now
    return due


async def _clocks(desk: Desk) -> None:
    """Ask the brokers that tell it for their time; half the way there is taken off."""
    for broker in desk.brokers.values():
        if not isinstance(broker, TellsTime):
            continue
        asked = desk.wall.now()
        try:
            theirs = await broker.time()
        except BrokerError:
            continue
        desk.hands.skews[broker.name] = theirs - (asked + (desk.wall.now() - asked) / 2)


async def _trips(desk: Desk, ledger: Ledger, memory: Memory, capital: Decimal) -> dict[str, Trip]:
    """By scope, the tightest state that anything asks for now."""
    found: dict[str, Trip] = {}
    for trip in breakers.desk_trips(memory.standing(capital), desk.limits.breakers):
        found.setdefault(halt.DESK, trip)
    for scope, check in (await _rows(desk, ledger, memory)).items():
        if not check.ok:
            found[scope] = Trip(Trading.REDUCING, check)
    for name, skew in desk.hands.skews.items():
        check = guards.check_skew(skew, desk.limits.skew, name)
        if not check.ok and name in desk.brokers:
            found[halt.of_broker(name)] = Trip(Trading.REDUCING, check)
    return found


async def _rows(desk: Desk, ledger: Ledger, memory: Memory) -> dict[str, Check]:
    """By scope, what failed in a row: trades of a strategy, entries at a broker."""
    limits, found = desk.limits.breakers, {}
    if limits.losses:
        for name in desk.plans:
            scope = halt.of_strategy(name)
            first = memory.since.get(scope, memory.fill)
            lost = breakers.in_a_row(_lost(ledger, name, first))
            what = f"trades of {name} lost"
            found[scope] = breakers.check_row("losses", what, lost, limits.losses)
    if limits.rejects:
        for name in desk.brokers:
            scope = halt.of_broker(name)
            latest = await desk.journal.read(
                Order,
                broker=name,
                state__in=ENDS,
                submitted_at__isnull=False,
                reduce_only=False,
                id__gt=memory.since.get(scope, memory.order),
                order="-id",
                limit=limits.rejects,
            )
            refused = breakers.in_a_row(one.state is OrderState.REJECTED for one in latest)
            what = f"entries refused by {name}"
            found[scope] = breakers.check_row("rejects", what, refused, limits.rejects)
    return found


def _lost(ledger: Ledger, strategy: str, first: int) -> Iterable[bool]:
    for trade in reversed(ledger.trades):
        if trade.id <= first:
            return
        if trade.book.strategy == strategy:
            yield trade.net_base < 0


async def _trip(desk: Desk, scope: str, trip: Trip, now: Trading) -> None:
    """Latch it, where that is tighter than what stands, and tell every operator."""
    whose = {"desk": "Trading"}.get(scope, scope.partition(":")[2])
    if _tighter(trip.state, now):
        at = desk.market.now()
        await halt.latch(
            desk.journal, trip.state, by=BY, reason=trip.check.text, at=at, scope=scope
        )
    does = {
        Trading.HALTED: "Nothing is sent any more but cancels and a square-off.",
        Trading.REDUCING: "Only orders that shrink a position are sent.",
    }[trip.state]
    word = {Trading.HALTED: "halted", Trading.REDUCING: "reducing only"}[trip.state]
    resume = () if scope == halt.DESK else tuple(scope.split(":", 1)[1:])
    said = message(
        bold(f"⚠ Breaker: {whose} {word}"),
        f"\n{wording.capital(trip.check.text)}.\n{does} It stays so until somebody resumes it.",
        buttons=[
            [Button("Risk", "risk", once=False), Button("Resume…", "resume", resume, once=False)]
        ],
    )
    await notices.tell(desk, said, lane=Lane.CRITICAL)


def _tighter(state: Trading, than: Trading | str | None) -> bool:
    rank = halt.TIGHTEST.index
    return rank(state) < rank(Trading(than) if than else Trading.ACTIVE)


def _resumed(
    desk: Desk, ledger: Ledger, memory: Memory, latches: Mapping[str, Trading], gain: Decimal
) -> Memory:
    """Where somebody loosened what a breaker had tightened, it measures from here."""
    del desk
    for scope, state in memory.tripped.items():
        if _tighter(Trading(state), latches.get(scope)):
            memory = _from_here(memory, ledger, scope, gain, memory.order)
    return memory


def _from_here(memory: Memory, ledger: Ledger, scope: str, gain: Decimal, order: int) -> Memory:
    tripped = {name: state for name, state in memory.tripped.items() if name != scope}
    if scope == halt.DESK:
        return replace(memory, tripped=tripped, opened=str(gain), peak=str(gain), gain=str(gain))
    last = order if scope.startswith("broker:") else _last_fill(ledger)
    return replace(memory, tripped=tripped, since={**memory.since, scope: last})


def _today(desk: Desk, memory: Memory, gain: Decimal) -> Memory:
    """A day begins with its session's open, at what was gained at the last look before it."""
    now = desk.market.now()
    try:
        session = desk.calendar.session_at(now) or desk.calendar.last_closed(now)
    except DataError:
        return memory
    day = session.day.isoformat()
    if memory.day == day:
        return memory
    return replace(memory, day=day, opened=memory.gain if memory.day else str(gain))


async def _begin(desk: Desk, ledger: Ledger, gain: Decimal) -> Memory:
    """The first look ever: what was before does not count."""
    orders = await _last_order(desk)
    return Memory(
        opened=str(gain), peak=str(gain), gain=str(gain), fill=_last_fill(ledger), order=orders
    )


def _last_fill(ledger: Ledger) -> int:
    return max((trade.id for trade in ledger.trades[-100:]), default=0)


async def _last_order(desk: Desk) -> int:
    last = await desk.journal.first(Order, order="-id")
    return last.id if last else 0


def _read(row: Cursor | None) -> Memory | None:
    return Memory(**json.loads(row.value)) if row is not None else None


async def _write(desk: Desk, row: Cursor | None, memory: Memory) -> None:
    value = json.dumps(asdict(memory))
    if row is None:
        await desk.journal.append([Cursor(ROW, value)])
    elif row.value != value:
        await desk.journal.move(row, value=value)
