"""When Telegram last answered, kept over restarts, so that an absence can be named afterwards."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from desk.beats import TELEGRAM
from trading.clocks import WallClock
from trading.facts import Cursor
from trading.ports import Journal

log = structlog.get_logger(__name__)
NAME = TELEGRAM
LONG = timedelta(minutes=10)  # an absence that is told of
KEPT = timedelta(minutes=1)  # between two notes of it on disk


@dataclass(frozen=True, slots=True)
class Absence:
    """From the last answer before it to the first one after; wall time."""

    since: datetime
    until: datetime


@dataclass(slots=True)
class Reach:
    """Whether Telegram was away or this process is the same to a reader."""

    journal: Journal
    wall: WallClock
    last: datetime | None = None
    _absence: Absence | None = None
    _kept: datetime | None = None

    @property
    def absence(self) -> Absence | None:
        """The latest long one; it lasts until now where nothing was answered since."""
        now = self.wall.now()
        if self.last is not None and now - self.last > LONG:
            return Absence(self.last, now)
        return self._absence

    async def recall(self) -> None:
        """What the process before this one knew."""
        found = await self.journal.first(Cursor, name=NAME)
        moments = [datetime.fromisoformat(word) for word in found.value.split()] if found else []
        if moments:
            self.last = moments[0]
        if len(moments) == 3:
            self._absence = Absence(moments[1], moments[2])

    async def answered(self) -> None:
        """Telegram did, just now; noted on disk now and then."""
        now = self.wall.now()
        if self.last is not None and now - self.last > LONG:
            self._absence, self._kept = Absence(self.last, now), None
            log.info("telegram is back", away_since=str(self.last))
        self.last = now
        if self._kept is None or now - self._kept >= KEPT:
            self._kept = now
            try:
                await self._keep()
            except Exception:  # a busy database: the next answer is noted in its place
                log.exception("when telegram answered was not noted")

    async def _keep(self) -> None:
        words = (
            [self.last, self._absence.since, self._absence.until] if self._absence else [self.last]
        )
        value = " ".join(word.isoformat() for word in words if word)
        found = await self.journal.first(Cursor, name=NAME)
        if found is None:
            await self.journal.append([Cursor(NAME, value)])
        else:
            await self.journal.move(found, value=value)
