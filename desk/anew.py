"""Sessions marked anew: those whose facts came later than their mark, and those never marked."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from desk import marks, snapshots
from desk.closes import books_at
from desk.desk import Desk
from desk.report import known_end
from trading.errors import DataError
from trading.facts import Cursor
from trading.ledger import Ledger
from trading.money import Action, Adjustment, Mark, Rate, Snapshot
from trading.orders import Fill
from trading.ports import Session

K = TypeVar("K", Mark, Snapshot)
Money = type[Fill] | type[Adjustment] | type[Action] | type[Rate]

FACTS: tuple[Money, ...] = (Fill, Adjustment, Action, Rate)
SEEN = "marked"  # the cursor: up to which facts, by kind, marks were made
BATCH = 1_000  # rows in one transaction, where nothing is in the way


@dataclass(slots=True)
class Made:
    """What came of it. A position without a price at a close is carried at what it cost."""

    changed: list[date] = field(default_factory=list)  # ascending; new or other than before
    at_cost: set[str] = field(default_factory=set)  # symbols that never had a price
    untold: dict[date, str] = field(default_factory=dict)  # sessions left as they were, and why


async def rebuild(desk: Desk, *, ask: bool = False) -> Made:
    """Every session since the first fact, and every one that is kept. At the prices its snapshot
    was taken at; `ask` takes those the feed knows now, as does one without a snapshot."""
    kept = await _Kept.of(desk)
    first = await _first(desk)
    days = {one.day: one for one in (await closed_since(desk, first) if first else ())}
    through = desk.calendar.known_through
    for day in kept.days - days.keys():
        with suppress(DataError):  # a day the calendar does not reach cannot be folded
            session = desk.calendar.session_on(day) if day <= through else None
            if session is not None:
                days[day] = session
    return await _make(desk, [days[day] for day in sorted(days)], kept, ask=ask)


async def catch_up(desk: Desk, *, before: Session | None = None) -> Made:
    """The sessions that facts recorded since the last time have changed, and those nobody marked,
    up to the last close or the one `before` a session that is marked by itself."""
    cursor = await _cursor(desk)
    upto, late = await _news(desk, _seen(cursor))
    since = [] if late is None else await closed_since(desk, late)
    first = await _first(desk)
    kept = await _Kept.of(desk)
    every = await closed_since(desk, first) if first else []
    wanted = {one.day: one for one in since}
    wanted |= {one.day: one for one in every if one.day not in kept.days}
    if before is not None:
        wanted = {day: one for day, one in wanted.items() if day < before.day}
    made = await _make(desk, [wanted[day] for day in sorted(wanted)], kept)
    await desk.journal.move(cursor, value=json.dumps(upto))
    return made


async def _cursor(desk: Desk) -> Cursor:
    found = await desk.journal.first(Cursor, name=SEEN)
    if found is None:
        await desk.journal.append([Cursor(SEEN, "{}")])
        found = await desk.journal.first(Cursor, name=SEEN)
        assert found is not None
    return found


def _seen(cursor: Cursor) -> dict[str, int]:
    """Nothing, where that cannot be read: then all is compared again, which harms nothing."""
    try:
        return {str(name): int(id_) for name, id_ in json.loads(cursor.value).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


async def _news(desk: Desk, seen: Mapping[str, int]) -> tuple[dict[str, int], datetime | None]:
    """How far each kind has come, and the earliest moment of what is new in it: of a correction
    also that of what it takes back."""
    upto, moments = dict(seen), []
    for kind in FACTS:
        name = kind.__name__
        since = seen.get(name, 0)
        last = _id(await desk.journal.first(kind, order="-id", id__gt=since))
        first = await desk.journal.first(kind, order="at", id__gt=since, id__lte=last)
        if first is not None:
            upto[name] = last
            moments.append(first.at)
    back = await desk.journal.read(Fill, id__gt=seen.get("Fill", 0), reverses__not="")
    if back:
        undone = tuple({one.reverses for one in back})
        moments += [one.at for one in await desk.journal.read(Fill, execution_id__in=undone)]
    return upto, min(moments, default=None)


def _id(fact: Fill | Adjustment | Action | Rate | None) -> int:
    return 0 if fact is None else fact.id


async def _first(desk: Desk) -> datetime | None:
    """The first moment anything was booked."""
    fill = await desk.journal.first(Fill, order="at")
    paid = await desk.journal.first(Adjustment, order="at")
    return min((one.at for one in (fill, paid) if one is not None), default=None)


async def closed_since(desk: Desk, moment: datetime) -> list[Session]:
    """The sessions that closed at that moment or later, as far back as the calendar reaches."""
    now = min(desk.market.now(), known_end(desk))
    first, last = desk.local(moment).date(), desk.local(now).date()
    for begin in [first, *(date(year, 1, 7) for year in range(first.year + 1, last.year + 1))]:
        with suppress(DataError):
            found = desk.calendar.sessions(begin, max(begin, last))
            return [one for one in found if moment <= one.close <= now]
    return []


async def _make(
    desk: Desk, sessions: Sequence[Session], kept: "_Kept", *, ask: bool = False
) -> Made:
    made, fresh, prices = Made(), _Fresh(desk), _Asked(desk)
    if not sessions:
        return made
    may = {account: snapshots.Allowed(leverage) for account, leverage in kept.leverage.items()}
    async for session, ledger in books_at(desk, sessions):
        shots, rows = kept.shots.get(session.day, []), kept.marks.get(session.day, [])
        there = {} if ask else snapshots.kept_prices(shots)
        there = await prices.of(ledger, session, there)
        try:
            trades = marks.closed_in(desk.calendar, ledger, session)
            word = {**may, **snapshots.kept_allowed(shots)}
            taken = snapshots.snapshots_of(ledger, session, trades, there, word, desk.currency)
            marked = marks.marks_of(ledger, session, there)
        except DataError as error:
            made.untold[session.day] = str(error)
            continue
        if _same(shots, taken) and _same(rows, marked):
            continue
        made.changed.append(session.day)
        if shots or rows:
            await marks.save(desk, session.day, marked, taken)
        else:
            await fresh.take(marked, taken)
    await fresh.flush()
    made.at_cost = prices.never
    return made


def _same(kept: Sequence[K], made: Sequence[K]) -> bool:
    plain = [replace(one, id=0) for one in kept]
    return len(plain) == len(made) and all(one in plain for one in made)


@dataclass(slots=True)
class _Kept:
    marks: dict[date, list[Mark]]
    shots: dict[date, list[Snapshot]]
    leverage: dict[str, Decimal | None]  # of each account, as last known

    @classmethod
    async def of(cls, desk: Desk) -> "_Kept":
        rows = await desk.journal.read(Mark, order="session")
        shots = await desk.journal.read(Snapshot, order="session")
        made = cls({}, {}, {one.account: one.leverage for one in shots})
        for row in rows:
            made.marks.setdefault(row.session, []).append(row)
        for shot in shots:
            made.shots.setdefault(shot.session, []).append(shot)
        return made

    @property
    def days(self) -> set[date]:
        return self.marks.keys() | self.shots.keys()


class _Fresh:
    """Sessions of which nothing is kept, written some hundred at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._marks: list[Mark] = []
        self._shots: list[Snapshot] = []

    async def take(self, rows: Sequence[Mark], shots: Sequence[Snapshot]) -> None:
        self._marks += rows
        self._shots += shots
        if len(self._marks) + len(self._shots) >= BATCH:
            await self.flush()

    async def flush(self) -> None:
        async with self._desk.journal.transaction():
            await self._desk.journal.append(self._shots)
            await self._desk.journal.append(self._marks)
        self._marks, self._shots = [], []


class _Asked:
    """Prices at one close after the other; what has none at the last of all never had one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._now = min(desk.market.now(), known_end(desk))
        self._priced: set[str] = set()
        self.never: set[str] = set()

    async def of(
        self, ledger: Ledger, session: Session, there: Mapping[str, Decimal]
    ) -> dict[str, Decimal]:
        """Of all that is held: as in `there`, else as the feed knew it then."""
        found = dict(there)
        for symbol in dict.fromkeys(position.book.symbol for position in ledger.held()):
            if symbol in found or not await self._is_priced(symbol):
                continue
            quote = await self._desk.feed.quote(symbol, session.close)
            if quote is not None:
                found[symbol] = quote.price
        return found

    async def _is_priced(self, symbol: str) -> bool:
        if symbol in self._priced or symbol in self.never:
            return symbol in self._priced
        quote = await self._desk.feed.quote(symbol, self._now)
        (self.never if quote is None else self._priced).add(symbol)
        return quote is not None
