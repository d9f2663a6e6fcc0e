"""The mailman: sends what waits, one desk's mail from one process at a time, and says where it
cannot."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog

from desk.desk import Desk
from mail import complaints
from mail.carrier import Carrier, Taken, Visit
from mail.intake import take_in, whole
from mail.letter import Stationery
from mail.progress import LEASE, NAME, Envelope, Progress, ahead, due, read, written
from mail.texts import Text, text_of, waits_for_picture
from trading.clocks import Clocks
from trading.errors import MailAway, MailRefused, QuarterdeckError
from trading.facts import Cursor, Notice

log = structlog.get_logger(__name__)
LOOK = 1.0  # wall seconds between looks
BATCH = 500  # notices read at a time
MOST_WAITING = 500  # events; more stay in the outbox until some have gone
GRACE = 5.0  # wall seconds a mail on its way may still take when the process ends
MISTAKE = 30.0  # wall seconds after a round that failed
PAUSES = tuple(timedelta(seconds=s) for s in (5, 10, 20, 40, 80, 160, 300))  # server, then address
LONG = timedelta(minutes=10)  # trouble that lasts so long is told
GIVEN_UP = timedelta(days=5)  # an address that still says "later"


class LeaseLost(Exception):
    """Another process sends now."""


@dataclass(slots=True)
class _Hold:
    """The lease to send, which each move extends; LeaseLost where another has it."""

    desk: Desk
    row: Cursor
    progress: Progress
    owner: str

    async def move(self, progress: Progress) -> None:
        held = replace(progress, owner=self.owner, until=self.desk.wall.now() + LEASE)
        await self._write(held)

    async def release(self) -> None:
        await self._write(replace(self.progress, owner="", until=None))

    async def _write(self, progress: Progress) -> None:
        row = await self.desk.journal.move(self.row, value=written(progress))
        if row is None:
            raise LeaseLost
        self.row, self.progress = row, progress


@dataclass(slots=True)
class Mailman:
    """`owner` tells this process from any other that sends the same desk's mail."""

    desk: Desk
    carrier: Carrier
    stationery: Stationery
    owner: str
    clocks: Clocks
    _mistaken: str = field(default="", init=False)

    async def run(self) -> None:
        """For ever; no trouble of the mail's ends the process it runs in."""
        while True:
            try:
                await self.round()
                self._mistaken, pause = "", LOOK
            except Exception as mistake:  # logged once; what waits is on disk
                if self._mistaken != repr(mistake):
                    trace = not isinstance(mistake, QuarterdeckError)
                    log.error("mail waits after an error", error=str(mistake), exc_info=trace)
                self._mistaken, pause = repr(mistake), MISTAKE
            await self.clocks.sleep(pause)

    async def round(self) -> None:
        """Take in what is new and send what is due, unless another process does."""
        row, progress = await self._look()
        if progress.held_by_another(self.owner, self.desk.wall.now()):
            return
        taken = await self._taken_in(progress)
        if taken == progress and not await self._next(taken):
            return
        hold = _Hold(self.desk, row, progress, self.owner)
        with suppress(LeaseLost):
            await hold.move(taken)
            try:
                if await self._next(taken):
                    await self._send_all(hold)
            finally:
                await hold.release()

    async def _look(self) -> tuple[Cursor, Progress]:
        """Where the mail stands; the first look of all begins with what is told after it."""
        journal = self.desk.journal
        row = await journal.first(Cursor, name=NAME)
        if row is None:
            newest = await journal.first(Notice, order="-id")
            start = Progress(newest.id if newest else 0)
            await journal.append([Cursor(NAME, written(start))])
            row = await journal.first(Cursor, name=NAME)
            assert row is not None
        return row, read(row.value)

    async def _taken_in(self, progress: Progress) -> Progress:
        if sum(len(envelope.events) for envelope in progress.waiting) >= MOST_WAITING:
            return progress
        fresh = await self.desk.journal.read(Notice, id__gt=progress.through, limit=BATCH)
        digests = self.stationery.route.digests
        return take_in(progress, whole(fresh, BATCH), digests=digests)

    async def _next(self, progress: Progress) -> Envelope | None:
        """What goes next, if anything may go now."""
        now = self.desk.wall.now()
        if ahead(progress.again, now, PAUSES[-1]) or ahead(progress.pause(now), now, LONG):
            return None
        for envelope in due(progress.waiting, now):
            if envelope.digest and await waits_for_picture(self.desk, envelope.events[0]):
                continue
            return envelope
        return None

    async def _send_all(self, hold: _Hold) -> None:
        try:
            async with self.carrier.open() as visit:
                while envelope := await self._gathered(hold):
                    await self._to_its_end(self._send(hold, visit, envelope))
        except MailAway as error:
            await self._away(hold, str(error))

    async def _to_its_end(self, sending: Coroutine[Any, Any, None]) -> None:
        """A mail on its way when the process is told to end is given a moment, so that it is
        known to have arrived."""
        task = asyncio.ensure_future(sending)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=self.clocks.machine(GRACE))
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()):
                log.info("the last mail before the end did not go", error=str(error))
            raise

    async def _gathered(self, hold: _Hold) -> Envelope | None:
        """The next one; from here on it does not change, since it may arrive."""
        gathered = hold.progress.gathered(self.desk.wall.now())
        envelope = await self._next(gathered)
        if envelope is None:
            return None
        tried = replace(envelope, tries=envelope.tries + 1, about="")
        await hold.move(gathered.replaced(envelope, tried))
        return tried

    async def _send(self, hold: _Hold, visit: Visit, envelope: Envelope) -> None:
        now = self.desk.wall.now()
        texts = [text for event in envelope.events if (text := await text_of(self.desk, event))]
        to = [one for one in self.stationery.route.to if one not in envelope.done]
        if not texts or not to:  # pruned, or for an address that is no longer mailed
            await hold.move(hold.progress.replaced(envelope, None))
            return
        letter = self.stationery.letter(texts, now)
        try:
            taken = await visit.send(letter, to)
        except MailRefused as error:
            await self._refused(hold, envelope, texts[0], str(error))
        else:
            await self._record(hold, envelope, taken)

    async def _refused(self, hold: _Hold, envelope: Envelope, first: Text, why: str) -> None:
        """Of several texts in one mail each is tried alone; one alone is given up and told."""
        log.error("a mail was refused", notice=envelope.events[0], error=why)
        progress = self._answered(hold.progress)
        async with self.desk.journal.transaction():
            if len(envelope.events) > 1:
                progress = progress.taken_apart(envelope)
            else:
                progress = progress.replaced(envelope, None)
                await complaints.content(self.desk, first, why)
            await self._keep(hold, progress, "")

    async def _record(self, hold: _Hold, envelope: Envelope, taken: Taken) -> None:
        """Who has it is on disk before anything else goes."""
        now, progress = self.desk.wall.now(), hold.progress
        since = envelope.since or now
        refused = dict(taken.refused)
        if taken.later and now - since > GIVEN_UP:
            refused |= taken.later
        later = {one: why for one, why in taken.later.items() if one not in refused}
        left = None
        if later:
            left = replace(
                envelope,
                done=(*envelope.done, *taken.to, *refused),
                after=now + PAUSES[min(envelope.tries, len(PAUSES)) - 1],
                since=since,
            )
        progress = self._answered(progress.replaced(envelope, left))
        if taken.to:
            progress = progress.passed(now)
        news = {one: why for one, why in refused.items() if one not in progress.refused}
        known = tuple(one for one in progress.refused if one not in taken.to)
        progress = replace(progress, refused=(*known, *news))
        async with self.desk.journal.transaction():
            await self._keep(hold, progress, "; ".join(f"{a}: {w}" for a, w in later.items()))
            for address, why in news.items():
                log.error("an address was refused", address=address, error=why)
                await complaints.address(self.desk, address, why, len(self.stationery.route.to))

    def _answered(self, progress: Progress) -> Progress:
        if progress.failures:
            log.info("the mail server answers again", server=str(self.stationery.route))
        return replace(progress, failures=0, again=None)

    async def _away(self, hold: _Hold, why: str) -> None:
        """Everything waits, longer each time; one line in the log an outage."""
        now, progress = self.desk.wall.now(), hold.progress
        if not progress.failures:
            log.warning("the mail server is away", server=str(self.stationery.route), error=why)
        progress = replace(
            progress,
            failures=progress.failures + 1,
            again=now + PAUSES[min(progress.failures, len(PAUSES) - 1)],
        )
        async with self.desk.journal.transaction():
            await self._keep(hold, progress, why)

    async def _keep(self, hold: _Hold, progress: Progress, why: str) -> None:
        """Move on; trouble that lasts is told once, and so is its end."""
        route, waiting, now = self.stationery.route, progress.waiting, self.desk.wall.now()
        trouble = bool(progress.failures) or any(e.since for e in waiting)
        if not trouble:
            if progress.told:
                await complaints.over(self.desk, route)
            await hold.move(replace(progress, since=None, told=False))
            return
        since = progress.since or now
        told = progress.told
        if not told and why and now - since >= LONG:
            told = True
            await complaints.lasting(self.desk, route, since, why, len(waiting))
        await hold.move(replace(progress, since=since, told=told))


async def forget(desk: Desk) -> None:
    """Mail is not wanted (any more): wanted again, it begins with what is told after that."""
    with suppress(QuarterdeckError):
        await desk.journal.remove(Cursor, name=NAME)
