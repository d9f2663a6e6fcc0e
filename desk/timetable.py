"""The timetable: which jobs there are and when each comes due; `worker.shipped` fills it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from trading.errors import DataError
from trading.facts import Pause
from trading.ports import Journal

EVER = datetime.min.replace(tzinfo=UTC)

#: Once a run may take this long before it has failed, unless its job says otherwise.
LIMIT = timedelta(minutes=10)


class When(Protocol):
    """Times a job is due at, from its text in the settings. Past the end of the calendar it
    follows every method raises DataError."""

    @property
    def text(self) -> str: ...

    def dues(self, since: datetime, until: datetime, *, most: int) -> Sequence[datetime]:
        """Those with since < due <= until, oldest first; the latest `most` of them. UTC."""
        ...

    def next(self, after: datetime) -> datetime | None:
        """The first later than `after`, UTC; None where there never is one."""
        ...


class Limit(Protocol):
    """How late a run may start."""

    @property
    def text(self) -> str: ...

    def ends(self, due: datetime) -> datetime:
        """The last moment a run due at `due` may start, UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Due `when`; found later than `within` a run is missed. With `catch_up` every run missed
    while the house was down is made up for, otherwise only the latest."""

    name: str  # `kind` or `kind:argument`
    when: When
    within: Limit
    about: str = ""
    group: str = "House"
    catch_up: bool = False
    limit: timedelta = LIMIT  # of wall time a run may take
    enabled: bool = True
    punctual: bool = False  # a hurried clock stands on its minute
    tells: bool = False  # a missed run is told in the chat
    stops: str = ""  # what does not happen while it is paused, where that matters
    home: When | None = None  # the settings' own time, where an operator may move it
    since: datetime | None = None  # market time it was moved at: nothing of before is owed

    def is_stale(self, due: datetime, now: datetime) -> bool:
        """Whether a run due at `due` may no longer start; never guessed past a calendar's end."""
        try:
            return now > self.within.ends(due)
        except DataError:
            return True


Jobs = Mapping[str, Job]


async def pauses(journal: Journal) -> dict[str, Pause]:
    """By job; those that are over too. One that cannot be read holds for ever: better a job that
    waits for its operator than one that somebody had stopped and runs."""
    known = {pause.job: pause for pause in await journal.read(Pause)}
    for row in journal.damage:
        if row.table == "pauses" and "job" in row.known:
            known[row.known["job"]] = Pause(row.known["job"], EVER)
    return known


async def paused(journal: Journal, at: datetime) -> list[Pause]:
    """Those that hold at market time `at`."""
    return [pause for pause in await journal.read(Pause, order="job") if pause.covers(at)]
