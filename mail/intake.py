"""Intake: notices in their order become envelopes, one an event and not one a reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile

from mail.progress import Envelope, Progress
from trading.facts import Lane, Notice

JOINED = timedelta(seconds=1)  # what one transaction tells is written within this
SETTLING = timedelta(seconds=15)  # how long a card waits for its next change
PICTURE = ":picture"  # ends the subject of a picture told apart from its digest's words


@dataclass(slots=True)
class _Event:
    """One event, by the notice that tells it best, and who is told of it."""

    notice: Notice
    readers: set[int]

    def takes(self, other: Notice) -> bool:
        """Whether `other` tells one more reader the same."""
        return _content(self.notice) == _content(other) and other.recipient not in self.readers

    def is_asked_by(self, other: Notice) -> bool:
        """Whether this answered whoever asked, and `other` tells the others who that was: the
        better text for a letter that several may read."""
        return (
            self.notice.answers is not None
            and other.answers is None
            and (self.notice.kind, other.kind) == ("text", "text")
            and other.subject == self.notice.subject
            and timedelta(0) <= other.created_at - self.notice.created_at <= JOINED
            and other.recipient not in self.readers
        )


def take_in(progress: Progress, notices: Sequence[Notice], *, digests: bool) -> Progress:
    """With what is critical in `notices`, which follow `progress.through` without a gap."""
    if not notices:
        return progress
    waiting = list(progress.waiting)
    for event in _events(n for n in notices if _matters(n, digests=digests)):
        about = "" if event.notice.kind == "text" else event.notice.subject
        if about and any(e.about == about and e.is_open for e in waiting):
            continue  # it shows the facts as they are when it goes
        waiting.append(
            Envelope(
                (event.notice.id,),
                event.notice.created_at + (SETTLING if about else timedelta(0)),
                about,
                digest=event.notice.lane is Lane.DIGEST,
            )
        )
    return replace(progress, through=notices[-1].id, waiting=tuple(waiting))


def whole(notices: list[Notice], most: int) -> list[Notice]:
    """A page of at most `most` notices without an event that its end may have cut in two."""
    if len(notices) < most:
        return notices
    cut = notices[-1].created_at - JOINED
    kept = list(takewhile(lambda notice: notice.created_at < cut, notices))
    return kept or notices


def is_digest(notice: Notice) -> bool:
    """Whether it is a digest that came by itself, and its words."""
    return (
        notice.lane is Lane.DIGEST
        and notice.answers is None
        and notice.subject.startswith("digest:")
        and not notice.subject.endswith(PICTURE)
    )


def _matters(notice: Notice, *, digests: bool) -> bool:
    return notice.lane is Lane.CRITICAL or (digests and is_digest(notice))


def _events(notices: Iterable[Notice]) -> list[_Event]:
    events: list[_Event] = []
    for notice in notices:
        same = next((event for event in reversed(events) if event.takes(notice)), None)
        if same is not None:
            same.readers.add(notice.recipient)
        elif events and events[-1].is_asked_by(notice):
            events[-1] = _Event(notice, {notice.recipient, *events[-1].readers})
        else:
            events.append(_Event(notice, {notice.recipient}))
    return events


def _content(notice: Notice) -> tuple[object, ...]:
    return notice.kind, notice.subject, notice.body.get("text"), notice.created_at
