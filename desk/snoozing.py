"""Snoozing: one reader's card put away until later. The outbox row that brings it back is all there
is of it."""

from datetime import datetime, timedelta

from desk import notices
from desk.decide import require_pending, signal_of
from desk.desk import Desk
from trading.errors import DeskError
from trading.facts import Notice, NoticeState
from trading.types import Mode

AGAIN = "again"  # the kind of notice that shows a card anew
LAST_CALL = timedelta(minutes=10)  # before the signal expires
SHORTEST = timedelta(minutes=1)


def comes_again(notice: Notice, shown_at: datetime) -> bool:
    """Whether the card was last shown before it was to come back, so that it is shown anew."""
    due = notice.not_before
    return notice.kind == AGAIN and due is not None and shown_at < due


async def until(desk: Desk, reader: int, signal_id: int) -> datetime | None:
    """The wall time the card comes back to this reader; None where it is not put away."""
    row = await _row(desk, reader, signal_id)
    return row.not_before if row is not None else None


async def snooze(desk: Desk, reader: int, signal_id: int, length: timedelta | None) -> datetime:
    """Put the card away for so long, or until shortly before it expires; returns until when, wall
    time. Raises DeskError where that is too late, or its window for a veto runs."""
    signal = await signal_of(desk, signal_id)
    require_pending(desk, signal)
    if signal.mode is Mode.VETO:
        raise DeskError(f"signal {signal_id} executes by itself unless vetoed; it cannot wait")
    left = signal.expires_at - desk.market.now()
    length = left - LAST_CALL if length is None else length
    if length < SHORTEST or length >= left:
        minutes = int(left.total_seconds() // 60)
        raise DeskError(f"signal {signal_id} expires in {minutes} minutes; decide it now")
    back = desk.wall.now() + length
    subject = notices.card_subject(signal_id)
    async with desk.journal.transaction():
        await wake(desk, reader, signal_id)
        # dated when it is due, so that nobody takes it for a message held up
        later = Notice(reader, AGAIN, back, subject=subject, not_before=back)
        await desk.journal.append([later, Notice(reader, "card", desk.wall.now(), subject=subject)])
    await desk.bell.ring("postman")
    return back


async def wake(desk: Desk, reader: int, signal_id: int) -> None:
    """Show the card again now; nothing where it is not put away."""
    row = await _row(desk, reader, signal_id)
    if row is None:
        return
    async with desk.journal.transaction():
        await desk.journal.move(row, state=NoticeState.MERGED, sent_at=desk.wall.now())
        shown = Notice(reader, "card", desk.wall.now(), subject=row.subject)
        await desk.journal.append([shown])
    await desk.bell.ring("postman")


async def _row(desk: Desk, reader: int, signal_id: int) -> Notice | None:
    return await desk.journal.first(
        Notice,
        state=NoticeState.DUE,
        recipient=reader,
        kind=AGAIN,
        subject=notices.card_subject(signal_id),
        not_before__gt=desk.wall.now(),
    )
