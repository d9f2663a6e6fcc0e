"""The postman: due outbox rows, by lane, each rendered when it is sent, one edit in flight."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog

from bot.backlog import Backlog, Bundle, late
from bot.delivery import Delivery, Outcome
from bot.letters import Letters
from bot.pace import Pace
from bot.reach import LONG, Reach
from desk.console.render import Rendered, render
from desk.desk import Desk
from logs import scrub
from trading.clocks import Clocks
from trading.errors import JournalError
from trading.facts import Lane, Notice, NoticeState, Picture, PictureState
from trading.messages import bold, message

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
PICTURE_PATIENCE = timedelta(seconds=5)  # then a card goes without its picture
PICTURE_HOPE = timedelta(minutes=10)  # how long a text still waits for its own after that
PICTURE_LOOK = timedelta(seconds=1)
BATCH = 50
MOST_MISTAKES = 5  # of ours, in one message
UNSHOWN = "unshown:"
SHORTEST_REST = 0.02  # seconds of the machine


@dataclass(slots=True)
class Postman:
    """One a bot token. `rest` waits for a ring or the given seconds of the machine, whichever is
    first; every pause and `pace`, which is Telegram's, is in wall seconds.
    """

    desk: Desk
    letters: Letters
    pace: Pace
    rest: Callable[[float], Awaitable[object]]
    clocks: Clocks
    reach: Reach
    delivery: Delivery = field(init=False)
    backlog: Backlog = field(init=False)
    _bundles: dict[int, Bundle] = field(default_factory=dict, init=False)  # by their rows' ids
    _held: set[int] = field(default_factory=set, init=False)  # readers to be bundled later
    _apart: set[int] = field(default_factory=set, init=False)  # readers whose bundle was refused
    _mistakes: Counter[int] = field(default_factory=Counter, init=False)
    _next_look: float = field(default=1.0, init=False)

    def __post_init__(self) -> None:
        self.delivery = Delivery(self.desk, self.letters, self.pace, self.reach)
        self.backlog = Backlog(self.desk, self.letters, self.reach)

    async def run(self) -> None:
        with suppress(JournalError):  # its leases end by themselves
            await self.take_over()
        rest = self.desk.shift.rests(self.rest)
        while True:
            try:
                settled = await self.round()
            except JournalError:  # said once by the journal; what is due waits in it
                settled, self._next_look = 0, 1.0
            if not settled:
                await rest(max(self.clocks.machine(self._next_look), SHORTEST_REST))

    async def take_over(self) -> None:
        """Nobody else sends for this token, so a lease found at the start is a dead postman's."""
        for notice in await self.desk.journal.read(
            Notice, state=NoticeState.DUE, leased_until__isnull=False
        ):
            await self.desk.journal.move(notice, leased_until=None)

    async def round(self) -> int:
        """Send what is due, best lane first; returns how many rows were settled."""
        self._next_look = 1.0
        if self._later(self.delivery.pause()) or not await self._look_back():
            return 0
        settled = newest = 0
        for lane in Lane:
            last = 0
            while rows := await self._page(lane, last):
                last = rows[-1].id
                for notice in rows:
                    if self.desk.shift.is_over:
                        return 0  # the next postman sends what is left
                    if notice.recipient in self._held or self._later(self.delivery.wait(notice)):
                        continue
                    settled += await self._deliver(notice, rows)
                    if self._later(self.delivery.pause()):
                        return settled
                    if lane is not Lane.CRITICAL and await self._critical_since(newest):
                        self._next_look = 0.0
                        return settled  # nothing critical waits behind a digest
                if lane is Lane.CRITICAL:
                    newest = last
        return settled

    async def _look_back(self) -> bool:
        """Bundle what waited too long; False while Telegram is away, when that would be for
        nothing."""
        stale = await self.backlog.stale() - self._apart
        if stale and not await self.delivery.is_there():
            self._later(self.delivery.pause())
            return False
        self._held = {reader for reader in stale if self._later(self.delivery.held(reader))}
        self._bundles = await self.backlog.bundles(stale - self._held)
        return True

    async def _page(self, lane: Lane, last: int) -> list[Notice]:
        """The next rows of a lane; one that waits holds up none behind it."""
        return await self.desk.journal.read(
            Notice, state=NoticeState.DUE, lane=lane, id__gt=last, limit=BATCH
        )

    def _later(self, seconds: float) -> bool:
        """Whether there is something to wait for; remembers to look again then."""
        if seconds > 0:
            self._next_look = min(self._next_look, max(seconds, 0.02))
        return seconds > 0

    def _look_after(self, outcome: Outcome) -> None:
        if outcome.pause is not None:
            self._later(outcome.pause.total_seconds())

    async def _critical_since(self, newest: int) -> bool:
        """Whether something critical came that this round has not looked at."""
        return bool(
            await self.desk.journal.count(
                Notice, state=NoticeState.DUE, lane=Lane.CRITICAL, id__gt=newest
            )
        )

    async def _deliver(self, notice: Notice, rows: list[Notice]) -> int:
        current = await self.desk.journal.first(Notice, id=notice.id)
        if current is None or current.state is not NoticeState.DUE:
            return 0
        try:
            bundle = self._bundles.get(current.id)
            if bundle is not None:
                return await self._send_bundle(bundle)
            rendered = None if await self._superseded(current) else await self._rendered(current)
            if rendered is None:
                return await self._settle(current, NoticeState.MERGED)
            if await self._picture_pending(current, rendered.picture):
                self._later(0.25)
                return 0
            leased = await self.desk.journal.move(
                current, leased_until=self.desk.wall.now() + LEASE, attempts=current.attempts + 1
            )
            return await self._send(leased, rendered, rows) if leased else 0
        except JournalError:
            raise
        except Exception as mistake:  # of ours, in one message: the others must not wait for it
            log.exception("a notice failed", notice=notice.id)
            return await self._mistaken(notice.id, mistake)

    async def _superseded(self, notice: Notice) -> bool:
        """Whether a newer text took this one's place in its message, so that a text that was held
        up never overwrites what came after it."""
        if notice.kind != "text":
            return False
        newer: dict[str, Any] = {"recipient": notice.recipient, "kind": "text", "id__gt": notice.id}
        if notice.subject and await self.desk.journal.count(
            Notice, subject=notice.subject, **newer
        ):
            return True
        pressed = await self.letters.pressed(notice)
        if pressed is None:
            return False
        for other in await self.desk.journal.read(Notice, edits=True, **newer):
            post = await self.letters.pressed(other)
            if post is not None and post.message_id == pressed.message_id:
                return True
        return False

    async def _rendered(self, notice: Notice) -> Rendered | None:
        page = int(notice.body.get("page", 0)) if notice.kind == "list" else 0
        rendered = await render(self.desk, notice, page or await self.letters.page(notice))
        old = self.desk.wall.now() - notice.created_at > LONG
        if (
            rendered
            and old
            and notice.kind == "text"
            and not await self.letters.shown_since(notice)
        ):
            return replace(rendered, message=late(self.desk, notice, rendered.message))
        return rendered

    async def _picture_pending(self, notice: Notice, picture: Picture | None) -> bool:
        """A first message waits a little for its picture, and so does an edit that brings a new
        one; a card's edit and anything critical never do."""
        if picture is None or picture.state is not PictureState.WANTED:
            return False
        if notice.lane is Lane.CRITICAL:
            return False
        if notice.kind != "text" and await self.letters.shown(notice):
            return False
        return self.desk.wall.now() - picture.wanted_at < PICTURE_PATIENCE

    async def _send(self, notice: Notice, rendered: Rendered, rows: list[Notice]) -> int:
        outcome = await self.delivery.hand_over(notice, rendered)
        match outcome.word:
            case "waits":
                await self._put_off(notice, outcome.pause, outcome.error)
                return 0
            case "unreachable":
                return await self._settle(notice, NoticeState.FAILED, outcome.error)
            case "refused":
                return await self._give_up(notice, outcome.error)
        self._look_after(outcome)
        if self._picture_hoped_for(notice, rendered.picture):
            await self._put_off(notice, PICTURE_LOOK, "")
            return 0
        settled = await self._settle(notice, NoticeState.SENT)
        return settled + await self._merge(notice, rows)

    async def _send_bundle(self, bundle: Bundle) -> int:
        """Its rows are settled together, so that after a crash the same message is made again."""
        reader = bundle.rows[0].recipient
        try:
            outcome = await self.delivery.hand_over(bundle.notice, Rendered(bundle.said))
        except Exception as mistake:
            log.exception("a bundle failed; its notices go one by one", reader=reader)
            outcome = Outcome("refused", repr(mistake))
        self._look_after(outcome)
        if outcome.word == "refused":
            self._apart.add(reader)
        state = {"sent": bundle.state, "unreachable": NoticeState.FAILED}.get(outcome.word)
        if outcome.word in ("refused", "unreachable", "sent"):
            self._bundles = {
                row: other for row, other in self._bundles.items() if other is not bundle
            }
        if state is None:
            return 0
        async with self.desk.journal.transaction():
            return sum([await self._settle(row, state, outcome.error) for row in bundle.rows])

    def _picture_hoped_for(self, notice: Notice, picture: Picture | None) -> bool:
        """A late picture of a card is told by its own notice; a text's is looked for from here."""
        if notice.kind != "text" or picture is None or picture.state is not PictureState.WANTED:
            return False
        return self.desk.wall.now() - picture.wanted_at < PICTURE_HOPE

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

    async def _put_off(self, notice: Notice, pause: timedelta | None, error: str) -> None:
        """Leave it due, not before `pause` has passed."""
        await self.desk.journal.move(
            notice,
            not_before=self.desk.wall.now() + pause if pause else None,
            leased_until=None,
            error=scrub(error)[:400],
        )
        if pause:
            self._later(pause.total_seconds())

    async def _mistaken(self, notice_id: int, mistake: Exception) -> int:
        """Try again a few times, since a database may be busy, then give this one up."""
        current = await self.desk.journal.first(Notice, id=notice_id)
        if current is None or current.state is not NoticeState.DUE:
            return 0
        self._mistakes[notice_id] += 1
        if self._mistakes[notice_id] >= MOST_MISTAKES:
            return await self._give_up(current, repr(mistake))
        await self._put_off(current, timedelta(seconds=self._mistakes[notice_id]), repr(mistake))
        return 0

    async def _give_up(self, notice: Notice, error: str) -> int:
        """Its reader is told that something could not be shown, once."""
        about = f" about {notice.subject}" if notice.subject else ""
        said = message(
            bold("A message could not be shown"),
            f"\nOne{about}; see notice {notice.id} in the log. /signals, /orders and "
            "/positions show how things stand.",
        )
        told = Notice(
            notice.recipient,
            "text",
            self.desk.wall.now(),
            subject=f"{UNSHOWN}{notice.id}",
            body=said.to_json(),
            lane=notice.lane,
        )
        async with self.desk.journal.transaction():  # never the one without the other
            settled = await self._settle(notice, NoticeState.FAILED, error)
            if settled and not notice.subject.startswith(UNSHOWN):
                await self.desk.journal.append([told])
        return settled


def monotonic() -> float:
    """The event loop's clock, in seconds of the machine; no change of its date moves it."""
    return asyncio.get_running_loop().time()
