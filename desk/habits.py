"""How each operator wants to be told: by kind loud, silent, off or in the morning; quiet hours.

Kept as preferences `notify:OPERATOR:KIND` and `quiet:OPERATOR`. In quiet hours everything that is
not critical comes without a sound; nothing is held back for them. What is chosen as "digest" waits
for the morning: the end of the quiet hours, or 08:00 where there are none. What is critical
reaches an owner always: where none would hear of it, all do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from desk import preferences
from desk.desk import Desk, Operator
from trading.errors import BadCommand, DeskError
from trading.facts import Lane, Notice, Preference
from trading.people import Role
from trading.ports import Journal

LOUD, SILENT, OFF, DIGEST = HOWS = ("loud", "silent", "off", "digest")
MEANING: Mapping[str, str] = {
    "cards": "signals to decide, and what becomes of them",
    "fills": "what was bought and sold",
    "alerts": "halts, limits, doubts, outages",
    "digests": "what you read instead of looking",
    "jobs": "what runs by itself, and failed",
    "errors": "mistakes of ours, rows that cannot be read",
    "people": "who came, left and was changed",
}
KINDS = tuple(MEANING)
#: Of these some are critical, so the last owner who hears them cannot turn them off.
CRITICAL = ("fills", "alerts", "jobs", "errors", "people")
HEARD = (LOUD, SILENT)
MORNING = time(8)  # in the desk's zone
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` to `end`, over midnight where that comes first; in the desk's zone."""

    start: time
    end: time

    def cover(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Habits:
    """What was chosen; everything else is loud."""

    hows: Mapping[tuple[int, str], str] = field(default_factory=dict)  # by operator and kind
    hours: Mapping[int, Hours] = field(default_factory=dict)

    def how(self, operator: int, kind: str) -> str:
        return self.hows.get((operator, kind), LOUD)


def hours(text: str) -> Hours:
    """Raises BadCommand for what is no stretch of a day."""
    found = _HOURS.fullmatch(text)
    numbers = [int(part) for part in found.groups()] if found else []
    if not numbers or numbers[:2] == numbers[2:]:
        raise BadCommand(f"{text[:20]!r} are no hours; for example: /notify quiet 22:00-07:00")
    return Hours(time(numbers[0], numbers[1]), time(numbers[2], numbers[3]))


async def read(journal: Journal) -> Habits:
    hows, quiet = {}, {}
    for row in await _under(journal, "notify:"):
        _, operator, kind = row.name.split(":")
        hows[int(operator), kind] = row.value
    for row in await _under(journal, "quiet:"):
        quiet[int(row.name.partition(":")[2])] = hours(row.value)
    return Habits(hows, quiet)


async def _under(journal: Journal, prefix: str) -> list[Preference]:
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    rows = await journal.read(Preference, name__gte=prefix, name__lt=after)
    return [row for row in rows if row.value]


async def choose(desk: Desk, operator: Operator, kind: str, how: str) -> None:
    """Raises DeskError where no owner would hear what is critical."""
    async with desk.journal.transaction():
        found = await read(desk.journal)
        chosen = Habits({**found.hows, (operator.id, kind): how}, found.hours)
        if kind in CRITICAL and operator.role is Role.OWNER and not _hearing(desk, chosen, kind):
            raise DeskError(
                f"{kind} can be critical, and no other owner hears them: choose loud or silent"
            )
        value = "" if how == LOUD else how
        by = f"operator:{operator.id}"
        await preferences.choose(desk, f"notify:{operator.id}:{kind}", value, by=by)


async def keep_quiet(desk: Desk, operator: Operator, chosen: Hours | None) -> None:
    """None takes quiet hours back."""
    value = str(chosen) if chosen else ""
    by = f"operator:{operator.id}"
    await preferences.choose(desk, f"quiet:{operator.id}", value, by=by)


async def fitted(desk: Desk, rows: Sequence[Notice], kind: str) -> list[Notice]:
    """The notices of one news, one a reader, as each wants it; those that want none left out."""
    found = await read(desk.journal)
    if not (found.hows or found.hours):
        return list(rows)
    critical = any(row.lane is Lane.CRITICAL for row in rows)
    spared = {one.id for one in desk.operators if one.role is Role.OWNER}
    spared &= {row.recipient for row in rows}
    if not critical or _hearing(desk, found, kind):
        spared = set()  # else every owner hears it, whatever was chosen
    fit = (row if row.recipient in spared else _fit(desk, found, row, kind) for row in rows)
    return [row for row in fit if row is not None]


def _fit(desk: Desk, found: Habits, row: Notice, kind: str) -> Notice | None:
    how, now = found.how(row.recipient, kind), desk.wall.now()
    quiet = found.hours.get(row.recipient)
    if how == OFF:
        return None
    if how == DIGEST:
        return replace(row, silent=True, not_before=morning(desk, now, quiet))
    night = quiet is not None and quiet.cover(desk.local(now).time())
    silent = how == SILENT or (night and row.lane is not Lane.CRITICAL)
    return replace(row, silent=row.silent or silent)


def morning(desk: Desk, now: datetime, quiet: Hours | None) -> datetime:
    """The next one, UTC as `now` is."""
    local = desk.local(now)
    end = quiet.end if quiet else MORNING
    days = (local.date(), local.date() + timedelta(days=1))
    moments = (datetime.combine(day, end, desk.zone) for day in days)
    return next(at for at in moments if at > local).astimezone(now.tzinfo)


def _hearing(desk: Desk, found: Habits, kind: str) -> bool:
    """Whether some owner hears that kind."""
    owners = [one for one in desk.operators if one.role is Role.OWNER]
    return any(found.how(one.id, kind) in HEARD for one in owners)
