"""Delivery: one message handed to Telegram when it may go, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import structlog
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter

from bot.client import AWAY
from bot.letters import Letters
from bot.outage import Outage
from bot.pace import Bucket, Pace
from bot.reach import Reach
from desk import crew, notices
from desk.console.render import Rendered
from desk.desk import Desk
from trading.facts import Lane, Notice
from trading.messages import bold, message

log = structlog.get_logger(__name__)
MOST_ALONE = 20  # failures of one message while others went through
AT_ONCE = timedelta(milliseconds=20)
EDITS = 4.0  # of one card in a row; then once a second
MOST_EDITED = 1_000  # cards whose edits are remembered


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of handing one message over. `pause`: look again after this long."""

    word: Literal["sent", "waits", "refused", "unreachable"]
    error: str = ""
    pause: timedelta | None = None


@dataclass(slots=True)
class Delivery:
    """Knows the weather; what it asks to wait is wall seconds."""

    desk: Desk
    letters: Letters
    pace: Pace
    reach: Reach
    outage: Outage = field(init=False)
    _edits: dict[tuple[int, str], Bucket] = field(default_factory=dict, init=False)
    _failed_at: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.outage = Outage(self.pace.clock)

    def pause(self) -> float:
        """Until anything is tried again; not at all where the poll got through since."""
        last = self.reach.last
        if last is not None and self._failed_at is not None and last > self._failed_at:
            self.outage.hope()
        return self.outage.wait()

    def held(self, reader: int) -> float:
        """Until Telegram takes anything for this reader."""
        return self.pace.wait(reader, critical=True)

    def wait(self, notice: Notice) -> float:
        """Until this one may go."""
        now = self.desk.wall.now()
        moments = (notice.not_before, notice.leased_until)
        waits = [(at - now).total_seconds() for at in moments if at is not None]
        waits.append(self.outage.aside(notice.id))
        told = self.pace.wait(notice.recipient, critical=notice.lane is Lane.CRITICAL)
        edited = self._edits.get((notice.recipient, notice.subject))
        still = edited.wait(self.pace.clock()) if edited and notice.kind != "text" else 0.0
        waits += [told, still]
        return max(waits)

    async def is_there(self) -> bool:
        """Ask before a long list of what was missed is made up."""
        if not self.outage.is_on:
            return True
        try:
            await self.letters.bot.get_me()
        except AWAY as error:
            log.warning("telegram not reached", error=str(error)[:400])
            self._failed(0)
            return False
        return True

    async def hand_over(self, notice: Notice, rendered: Rendered) -> Outcome:
        """To Telegram, and what it said. Who was shut out meanwhile is told nothing any more."""
        if await self._is_out(notice.recipient):
            return Outcome("unreachable", "no operator any more")
        try:
            said = await self.letters.send(notice, rendered)
        except TelegramRetryAfter as busy:
            self.pace.hold(notice.recipient, busy.retry_after)
            return Outcome("waits", str(busy), timedelta(seconds=busy.retry_after))
        except TelegramForbiddenError as error:
            log.error("an operator cannot be reached", recipient=notice.recipient, error=str(error))
            await self._tell_unreachable(notice.recipient)
            return Outcome("unreachable", str(error))
        except TelegramBadRequest as error:
            log.error("telegram refused a message", notice=notice.id, error=str(error))
            return Outcome("refused", str(error))
        except AWAY as error:
            log.warning("telegram not reached", notice=notice.id, error=str(error)[:400])
            hopeless = self._failed(notice.id) >= MOST_ALONE and notice.lane is not Lane.CRITICAL
            return Outcome("refused" if hopeless else "waits", str(error)[:400])
        if said:
            await self.reach.answered()
            self.pace.spend(notice.recipient)
            self._edited(notice)
            if self.outage.passed(notice.id):
                return Outcome("sent", pause=AT_ONCE)  # those who stepped aside are due again
        return Outcome("sent")

    async def _is_out(self, reader: int) -> bool:
        await crew.refresh(self.desk)
        if reader < 0:
            return reader not in self.desk.discipline.groups
        return self.desk.operator(reader) is None

    def _edited(self, notice: Notice) -> None:
        """The fills of one order come faster than anybody reads: after a few edits in a row, one
        message changes once a second, to what is so by then."""
        if notice.kind == "text":
            return
        now = self.pace.clock()
        if len(self._edits) > MOST_EDITED:
            self._edits.clear()
        full = Bucket(1.0, EDITS, EDITS, now)
        self._edits.setdefault((notice.recipient, notice.subject), full).spend(now)

    async def _tell_unreachable(self, reader: int) -> None:
        """The others hear of it once a day; alone, the second channel does."""
        subject = f"unreachable:{reader}:{self.desk.wall.now():%Y-%m-%d}"
        if await self.desk.journal.count(Notice, subject=subject):
            return
        name = self.desk.operator_name(reader)
        said = message(
            bold(f"{name} cannot be reached in Telegram"),
            f"\nThe bot is blocked there, so nothing is delivered to {name}: alerts neither. "
            "Unblocking it and writing /start ends that.",
        )
        others = any(operator.id != reader for operator in self.desk.operators)
        await notices.tell(
            self.desk, said, lane=Lane.CRITICAL, subject=subject, but=reader if others else 0
        )

    def _failed(self, notice: int) -> int:
        """As `Outage.failed`."""
        self._failed_at = self.desk.wall.now()
        return self.outage.failed(notice)
