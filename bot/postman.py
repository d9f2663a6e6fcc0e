"""The postman: due outbox rows, by lane, each rendered when it is sent, one edit in flight."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from bot.letters import Letters
from bot.pace import Pace
from bot.render import Rendered, render
from desk.desk import Desk
from logs import scrub
from trading.facts import Lane, Notice, NoticeState, Picture, PictureState

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
PICTURE_PATIENCE = timedelta(seconds=5)  # then a card goes without its picture
BATCH = 50
MOST_ATTEMPTS = 200  # of a notice that is not critical; about a day of backing off
LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(slots=True)
class Postman:
    """One a bot token. `rest` waits for a ring or the given seconds, whichever is first."""

    desk: Desk
    letters: Letters
    pace: Pace
    rest: Callable[[float], Awaitable[object]]
    _next_look: float = field(default=1.0, init=False)

    async def run(self) -> None:
        while True:
            if not await self.round():
                await self.rest(self._next_look)

    async def round(self) -> int:
        """Send what is due, best lane first; returns how many rows were settled."""
        now = self.desk.wall.now()
        rows = await self.desk.journal.read(
            Notice, state=NoticeState.DUE, order="lane,id", limit=BATCH
        )
        self._next_look = 1.0
        settled = 0
        for notice in rows:
            if self._waits(notice, now):
                continue
            settled += await self._deliver(notice, rows)
            if notice.lane is not Lane.CRITICAL and await self._critical_waits():
                break  # look again from the top: nothing critical waits behind a digest
        return settled

    def _waits(self, notice: Notice, now: datetime) -> bool:
        for moment in (notice.not_before, notice.leased_until):
            if moment is not None and moment > now:
                self._next_look = min(self._next_look, max(0.02, (moment - now).total_seconds()))
                return True
        return False

    async def _critical_waits(self) -> bool:
        return bool(
            await self.desk.journal.count(Notice, state=NoticeState.DUE, lane=Lane.CRITICAL)
        )

    async def _deliver(self, notice: Notice, rows: list[Notice]) -> int:
        current = await self.desk.journal.first(Notice, id=notice.id)
        if current is None or current.state is not NoticeState.DUE:
            return 0
        rendered = await self._rendered(current)
        if rendered is None:
            return await self._settle(current, NoticeState.MERGED)
        if await self._picture_pending(current, rendered.picture):
            self._next_look = min(self._next_look, 0.25)
            return 0
        critical = current.lane is Lane.CRITICAL
        wait = self.pace.wait(current.recipient, critical=critical)
        if wait:
            self._next_look = min(self._next_look, wait)
            return 0
        leased = await self.desk.journal.move(
            current, leased_until=self.desk.wall.now() + LEASE, attempts=current.attempts + 1
        )
        if leased is None:
            return 0
        return await self._send(leased, rendered, rows)

    async def _rendered(self, notice: Notice) -> Rendered | None:
        page = int(notice.body.get("page", 0)) if notice.kind == "list" else 0
        return await render(self.desk, notice, page or await self.letters.page(notice))

    async def _picture_pending(self, notice: Notice, picture: Picture | None) -> bool:
        """A first message waits a little for its picture; an edit never does."""
        if picture is None or picture.state is not PictureState.WANTED:
            return False
        if await self.letters.shown(notice):
            return notice.kind == "text"  # the picture is all that this edit changes
        return self.desk.wall.now() - picture.wanted_at < PICTURE_PATIENCE

    async def _send(self, notice: Notice, rendered: Rendered, rows: list[Notice]) -> int:
        try:
            await self.letters.send(notice, rendered)
        except TelegramRetryAfter as busy:
            self.pace.hold(notice.recipient, busy.retry_after)
            await self._later(notice, timedelta(seconds=busy.retry_after), str(busy))
            return 0
        except TelegramForbiddenError as error:
            log.error("an operator cannot be reached", recipient=notice.recipient, error=str(error))
            return await self._settle(notice, NoticeState.FAILED, str(error))
        except TelegramBadRequest as error:
            log.error("telegram refused a message", notice=notice.id, error=str(error))
            return await self._settle(notice, NoticeState.FAILED, str(error))
        except (TelegramNetworkError, TelegramServerError, TelegramAPIError) as error:
            pause = min(timedelta(seconds=0.5 * 2 ** min(notice.attempts, 10)), LONGEST_PAUSE)
            if notice.attempts >= MOST_ATTEMPTS and notice.lane is not Lane.CRITICAL:
                return await self._settle(notice, NoticeState.FAILED, str(error))
            await self._later(notice, pause, str(error))
            return 0
        settled = await self._settle(notice, NoticeState.SENT)
        return settled + await self._merge(notice, rows)

    async def _merge(self, sent: Notice, rows: list[Notice]) -> int:
        """Rows that said "it changed" before this rendering have been said by it."""
        if sent.kind == "text":
            return 0
        merged = 0
        for notice in rows:
            same = (notice.recipient, notice.kind, notice.subject) == (
                sent.recipient,
                sent.kind,
                sent.subject,
            )
            if same and notice.id != sent.id and notice.state is NoticeState.DUE:
                merged += await self._settle(notice, NoticeState.MERGED)
        return merged

    async def _settle(self, notice: Notice, state: NoticeState, error: str = "") -> int:
        moved = await self.desk.journal.move(
            notice, state=state, sent_at=self.desk.wall.now(), error=scrub(error)[:400]
        )
        return moved is not None

    async def _later(self, notice: Notice, pause: timedelta, error: str) -> None:
        await self.desk.journal.move(
            notice,
            not_before=self.desk.wall.now() + pause,
            leased_until=None,
            error=scrub(error)[:400],
        )
        self._next_look = min(self._next_look, pause.total_seconds())


def monotonic() -> float:
    """The event loop's clock, in seconds."""
    return asyncio.get_running_loop().time()
