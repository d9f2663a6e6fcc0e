"""How far the mail has come: one row that whoever sends moves by compare-and-set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from pydantic import TypeAdapter

NAME = "mail"  # of its cursor
BURST = 20  # mails within SPAN; what comes beyond goes together
SPAN = timedelta(minutes=10)
TOGETHER = timedelta(minutes=2)  # between two mails that hold several
MOST_TOGETHER = 200  # events in one mail
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail that has not reached everybody. `events` are ids of notices, one an event; the
    first names the mail for ever."""

    events: tuple[int, ...]
    after: datetime  # wall time it may go
    about: str = ""  # the subject of a card whose next change may still join
    digest: bool = False
    tries: int = 0
    since: datetime | None = None  # wall time of the first try that failed
    done: tuple[str, ...] = ()  # addresses that took it, or never will

    @property
    def is_open(self) -> bool:
        """Whether it may still change: a mail that was tried may have arrived."""
        return not self.tries


@dataclass(frozen=True, slots=True)
class Progress:
    """`through` is the newest notice looked at; wall times throughout."""

    through: int
    waiting: tuple[Envelope, ...] = ()
    sent: tuple[datetime, ...] = ()  # within SPAN
    owner: str = ""
    until: datetime | None = None  # of the owner's lease
    failures: int = 0  # of the server, one after the other
    again: datetime | None = None  # when the server is tried again
    since: datetime | None = None  # of the trouble that lasts
    told: bool = False  # that it lasts
    refused: tuple[str, ...] = ()  # addresses told of as refused

    def held_by_another(self, owner: str, now: datetime) -> bool:
        return self.owner not in ("", owner) and ahead(self.until, now, LEASE)

    def replaced(self, old: Envelope, new: Envelope | None) -> Self:
        kept = (new if envelope is old else envelope for envelope in self.waiting)
        return replace(self, waiting=tuple(envelope for envelope in kept if envelope is not None))

    def taken_apart(self, envelope: Envelope) -> Self:
        """Each event of `envelope` in a mail of its own, which joins no other again."""
        alone = tuple(replace(envelope, events=(event,), tries=1) for event in envelope.events)
        kept = tuple(one for one in self.waiting if one is not envelope)
        return replace(self, waiting=(*kept, *alone))

    def passed(self, now: datetime) -> Self:
        """One more mail went."""
        return replace(self, sent=(*(at for at in self.sent if now - at < SPAN), now))

    def pause(self, now: datetime) -> datetime | None:
        """When the next mail may go, where too many went."""
        recent = sorted(at for at in self.sent if timedelta(0) <= now - at < SPAN)
        if len(recent) < BURST:
            return None
        alone = len(recent) == BURST  # the first that holds several goes at once
        return None if alone else recent[-1] + TOGETHER

    def gathered(self, now: datetime) -> Self:
        """In a flood what is due and untried becomes one mail, which holds all of it."""
        recent = [at for at in self.sent if timedelta(0) <= now - at < SPAN]
        loose = [e for e in due(self.waiting, now) if e.is_open and not e.digest]
        if len(recent) < BURST or len(loose) < 2:
            return self
        events: tuple[int, ...] = ()
        joined: list[Envelope] = []
        for envelope in loose:
            if len(events) + len(envelope.events) <= MOST_TOGETHER:
                events += envelope.events
                joined.append(envelope)
        if len(joined) < 2:
            return self
        first, rest = joined[0], joined[1:]
        kept = tuple(envelope for envelope in self.waiting if envelope not in rest)
        whole = replace(first, events=events, about="")
        return replace(self, waiting=kept).replaced(first, whole)


def ahead(moment: datetime | None, now: datetime, most: timedelta) -> bool:
    """Whether `moment` is still to come; one further off than `most` was written by a clock that
    has since been put right."""
    return moment is not None and timedelta(0) < moment - now <= most


def due(waiting: Sequence[Envelope], now: datetime) -> list[Envelope]:
    """Those that may go, critical ones first, each lot in the order of its events."""
    found = [e for e in waiting if not ahead(e.after, now, timedelta(hours=2))]
    return sorted(found, key=lambda envelope: (envelope.digest, envelope.events[0]))


_FORM: TypeAdapter[Progress] = TypeAdapter(Progress)


def written(progress: Progress) -> str:
    return _FORM.dump_json(progress).decode()


def read(text: str) -> Progress:
    return _FORM.validate_json(text)
