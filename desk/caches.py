"""Marks and snapshots compared with what the facts make of them; `desk.anew` makes them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from desk import marks, snapshots
from desk.closes import books_at
from desk.desk import Desk
from trading.ledger import Ledger
from trading.money import Mark, Snapshot, Told, money
from trading.ports import Session

K = TypeVar("K", Mark, Snapshot)

#: Of a mark: what it is made of where no price is known.
UNPRICED = ("currency", "realised", "fees", "taxes", "trades")
MARK = (*UNPRICED, "unrealised", "exposure", "fx")
SNAPSHOT = ("currency", "cash", "capital", "positions", "trades", "equity", "gross", "net")
AMOUNTS = frozenset(
    {"realised", "fees", "taxes", "unrealised", "exposure", "fx", "cash", "capital", "equity"}
    | {"gross", "net", "margin", "buying_power"}
)


@dataclass(frozen=True, slots=True)
class Stale:
    """One session whose cache differs from the facts: a sentence each, of marks and snapshots."""

    session: Session
    marks: tuple[str, ...]
    snapshots: tuple[str, ...]


async def stale(desk: Desk) -> AsyncIterator[Stale]:
    """Every session kept, at the prices its snapshots were taken at; a mark without a snapshot
    beside it is compared as far as no price is part of it. Ascending."""
    kept_marks = _by_day(await desk.journal.read(Mark, order="session"))
    kept = _by_day(await desk.journal.read(Snapshot, order="session"))
    first = min(kept, default=date.max)
    days = sorted(kept_marks.keys() | kept.keys())
    async for session, ledger in books_at(desk, _sessions(desk, days)):
        mine = kept.get(session.day, [])
        taken, made = _made(desk, ledger, session, mine)
        fields = MARK if mine else UNPRICED
        said = tuple(_compared(kept_marks.get(session.day, []), made, fields))
        # Before the first snapshot there were none; later each account has one a session.
        shots = tuple(_compared(mine, taken, SNAPSHOT)) if session.day >= first else ()
        if said or shots:
            yield Stale(session, said, shots)


def _sessions(desk: Desk, days: Iterable[date]) -> list[Session]:
    """A day the calendar does not reach or knows no session on cannot be folded."""
    through = desk.calendar.known_through
    found = [desk.calendar.session_on(day) for day in days if day <= through]
    return [session for session in found if session is not None]


def _made(
    desk: Desk, ledger: Ledger, session: Session, kept: Sequence[Snapshot]
) -> tuple[list[Snapshot], list[Mark]]:
    prices = snapshots.kept_prices(kept)
    trades = marks.closed_in(desk.calendar, ledger, session)
    may = snapshots.kept_allowed(kept)
    taken = snapshots.snapshots_of(ledger, session, trades, prices, may, desk.currency)
    return taken, marks.marks_of(ledger, session, prices)


def _by_day(rows: Iterable[K]) -> dict[date, list[K]]:
    found: dict[date, list[K]] = {}
    for row in rows:
        found.setdefault(row.session, []).append(row)
    return found


def _compared(kept: Iterable[K], made: Iterable[K], fields: Sequence[str]) -> list[str]:
    there = {_name(row): row for row in kept}
    facts = {_name(row): row for row in made}
    said = []
    for name in sorted(there.keys() | facts.keys()):
        mine, other = there.get(name), facts.get(name)
        if mine is None or other is None:
            said.append(f"{name} is missing" if mine is None else f"{name} has no fact behind it")
            continue
        names = list(fields)
        if isinstance(mine, Snapshot) and mine.told is Told.RULE:
            names += ["margin", "buying_power"]
        wrong = [field for field in names if getattr(mine, field) != getattr(other, field)]
        said += [_said(name, mine, other, field) for field in wrong]
    return said


def _said(name: str, mine: Mark | Snapshot, other: Mark | Snapshot, field: str) -> str:
    word = field.replace("_", " ")
    if field not in AMOUNTS:
        return f"{name} has other {word} than the facts make"
    kept, made = getattr(mine, field), getattr(other, field)
    texts = ["none" if one is None else f"{money(one):f}" for one in (kept, made)]
    return f"{name} has {word} {texts[0]}, the facts make {texts[1]}"


def _name(row: Mark | Snapshot) -> str:
    whose = f"{row.strategy} ({row.account})" if isinstance(row, Mark) else row.account
    return f"{whose} at the close of {row.session}"
