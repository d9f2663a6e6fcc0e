"""Locks: entries that stay out for a while, by an operator's word, a stop or a protection.

Exits are never kept in. A lock ends by itself at its `until`; lifting one earlier is loosening.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from desk import wording
from desk.desk import Desk
from trading.errors import BadCommand, DataError
from trading.locks import Lock, Scope
from trading.orders import Order, OrderType
from trading.types import Side

COOLDOWN = "cooldown"
_SPAN = re.compile(r"([1-9]\d{0,3})([mhdw])", re.ASCII)
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


async def add(desk: Desk, scope: Scope | str, until: datetime | None, reason: str, by: str) -> Lock:
    """Keep entries of `scope` ("symbol:AAPL strategy:dip") out until market time `until`; None:
    until somebody lifts it. Joins the caller's transaction. The same scope and reason held
    already stays one lock, whichever ends later. ValueError for what is no scope."""
    named = str(scope if isinstance(scope, Scope) else Scope.parse(scope))
    now = desk.market.now()
    async with desk.journal.transaction():
        for lock in await standing(desk):
            if lock.scope == named and lock.reason == reason:
                longer = lock.until is not None and (until is None or until > lock.until)
                return (await desk.journal.move(lock, until=until) or lock) if longer else lock
        [lock] = await desk.journal.append([Lock(named, reason, by, now, until)])
    return lock


async def lift(desk: Desk, lock: Lock, *, by: str) -> Lock | None:
    """End it now; None where it has ended or somebody was first."""
    async with desk.journal.transaction():
        current = await desk.journal.first(Lock, id=lock.id)
        if current is None or not current.holds(desk.market.now()):
            return None
        return await desk.journal.move(current, lifted_by=by, lifted_at=desk.market.now())


async def standing(desk: Desk) -> list[Lock]:
    """Those that hold now, the ones that end first at the top."""
    now = desk.market.now()
    rows = [row for row in await desk.journal.read(Lock, lifted_at__isnull=True) if row.holds(now)]
    return sorted(rows, key=lambda row: (row.until is None, row.until or now, row.id))


def why(desk: Desk, held: Sequence[Lock], symbol: str, strategy: str, side: Side) -> str:
    """What keeps this entry out, and until when; "" where nothing does."""
    for lock in held:
        if Scope.parse(lock.scope).covers(symbol, strategy, side):
            return f"locked {until(desk, lock)}: {lock.reason}; /locks shows it"
    return ""


def until(desk: Desk, lock: Lock) -> str:
    """ "until Wed 5 Feb 16:00 New York", "until lifted"."""
    if lock.until is None:
        return "until lifted"
    place = wording.place(desk.calendar.zone)
    return f"until {wording.moment(desk.local(lock.until))} {place}"


def read_until(desk: Desk, text: str) -> datetime:
    """`30m`, `4h`, `3d`, `2w` from now, or `2026-03-01`: the end of that day where the exchange
    is. Raises BadCommand for what is neither, or lies behind us."""
    now = desk.market.now()
    if found := _SPAN.fullmatch(text.lower()):
        return now + int(found[1]) * _UNITS[found[2]]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadCommand(f"{text[:20]!r} is no end; say 4h, 3d, 2w or 2026-03-01") from None
    end = datetime.combine(day + timedelta(days=1), time(), desk.zone).astimezone(UTC)
    if end <= now:
        raise BadCommand(f"{text} has passed")
    return end


def read_end(desk: Desk, words: Sequence[str]) -> tuple[datetime | None, str]:
    """The end after `until`, None without one, and the reason after it."""
    if words[:1] and words[0].lower() == "until":
        if len(words) < 2:
            raise BadCommand("until when? For example: until 3d")
        return read_until(desk, words[1]), " ".join(words[2:])[:200]
    return None, " ".join(words)[:200]


async def after(desk: Desk, order: Order) -> Lock | None:
    """Of an order just filled in the caller's transaction, where it was a stop."""
    return await after_stop(desk, order.strategy, order.symbol) if is_stop(order) else None


async def after_stop(desk: Desk, strategy: str, symbol: str) -> Lock | None:
    """Where a stop closed a position: the cooldown of its strategy keeps the symbol out for so
    many sessions. Asked twice it is one lock."""
    plan = desk.plans.get(strategy)
    if plan is None or not plan.cooldown:
        return None
    scope = Scope(symbol=symbol, strategy=strategy)
    return await add(desk, scope, after_sessions(desk, plan.cooldown), "stopped out", COOLDOWN)


def is_stop(order: Order) -> bool:
    """Whether filling it was a stop-out: it rested at the broker as a stop of ours."""
    return order.purpose == "exit" and order.type is OrderType.STOP


def after_sessions(desk: Desk, sessions: int) -> datetime:
    """The close of the `sessions`-th session after the present or last one. Where the calendar
    ends before, as many days from now: a fill is booked whatever the calendar knows."""
    at = desk.market.now()
    try:
        current = desk.calendar.session_at(at)
        at = current.close if current else at
        for _ in range(sessions):
            at = desk.calendar.next_session(at).close
    except DataError:
        return desk.market.now() + timedelta(days=sessions)
    return at
