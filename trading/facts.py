"""The other facts the journal keeps: requests, notices, pictures, runs, marks, latch, clock …

A fact's `id` is given by the journal. A fact with a `version` moves by compare-and-set; the
others are only appended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from trading.audit import Deed
from trading.brackets import Bracket
from trading.judgement import Judgement
from trading.locks import Lock
from trading.money import Action, Adjustment, Mark, Rate, Snapshot
from trading.orders import ORDER_MOVES, Fill, Order
from trading.people import Authenticator, Invite, Member
from trading.signals import SIGNAL_MOVES, Signal
from trading.universes import Listing, Selection


class RequestState(StrEnum):
    NEW = "new"
    DONE = "done"
    REFUSED = "refused"  # answered with a clear line; nothing changed
    FAILED = "failed"  # an error of ours; reported


@dataclass(frozen=True, slots=True)
class Request:
    """An inbox row: what a door was asked. Unique per (source, source_id)."""

    source: str  # "telegram", "tradingview", "cli"
    source_id: str
    verb: str  # "approve", "pnl", …; "" where it could not be read
    received_at: datetime  # wall time
    args: tuple[str, ...] = ()
    operator: int = 0  # who asks
    recipient: int = 0  # where the answer goes
    payload: Mapping[str, Any] = field(default_factory=dict)  # the door's own; opaque to the desk
    sent_at: datetime | None = None  # wall time the operator sent it, where the source says
    state: RequestState = RequestState.NEW
    leased_until: datetime | None = None  # wall time; who carries it out holds it until then
    handled_at: datetime | None = None  # wall time
    error: str = ""
    id: int = 0
    version: int = 0


class Lane(IntEnum):
    """The outbox's order: nothing critical waits behind a digest."""

    CRITICAL = 0
    NORMAL = 1
    DIGEST = 2


class NoticeState(StrEnum):
    DUE = "due"
    SENT = "sent"
    MERGED = "merged"  # a newer message said it too
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """An outbox row, written in the transaction of the fact it tells.

    kind "text": `body` is the message (see `trading.messages`). kinds "card" and "list": only
    `subject` matters, and the voice renders the facts as they are when it sends.
    """

    recipient: int
    kind: str
    created_at: datetime  # wall time
    subject: str = ""  # "signal:17", "scan:mean_reversion:2026-02-03"
    body: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.NORMAL
    picture_id: int | None = None
    answers: int | None = None  # the request this replies to
    edits: bool = False  # replace the message whose button was pressed
    silent: bool = False
    not_before: datetime | None = None  # wall time
    leased_until: datetime | None = None  # wall time
    attempts: int = 0
    sent_at: datetime | None = None  # wall time
    error: str = ""
    state: NoticeState = NoticeState.DUE
    id: int = 0
    version: int = 0


class PictureState(StrEnum):
    WANTED = "wanted"
    DRAWN = "drawn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart asked for by `spec`, drawn by the drawing process, pruned by age."""

    kind: str  # of charts.drawing.KINDS; a "report" is a PDF, sent as a document
    spec: Mapping[str, Any]
    wanted_at: datetime  # wall time
    subject: str = ""
    png: bytes = b""  # what was drawn; of a report its PDF
    digest: str = ""  # sha256 of png
    handle: str = ""  # the voice's own id once uploaded
    drawn_at: datetime | None = None  # wall time
    error: str = ""
    state: PictureState = PictureState.WANTED
    id: int = 0
    version: int = 0

    @property
    def file_name(self) -> str:
        """Of a picture that is sent as a file, such as a report's PDF; "" for one that is shown."""
        return self.subject.partition(":")[2] if self.kind == "report" else ""


class RunState(StrEnum):
    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"  # older than its staleness limit when found


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a scheduled or asked-for job. Unique per (job, due_at)."""

    job: str  # "scan:mean_reversion", "mark"
    due_at: datetime  # market time
    state: RunState = RunState.DUE
    args: Mapping[str, Any] = field(default_factory=dict)
    request_id: int | None = None
    started_at: datetime | None = None  # wall time
    finished_at: datetime | None = None  # wall time
    leased_until: datetime | None = None  # wall time
    not_before: datetime | None = None  # wall time; of a failed run, when it is tried again
    starts: int = 0  # since it last ended by itself; more than one: a worker died over it
    failures: int = 0
    outcome: str = ""
    id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """From when and until when one job makes no runs; resuming sets `until`. Unique per job."""

    job: str
    since: datetime  # market time
    until: datetime | None = None  # market time; None: until somebody resumes it
    by: str = ""
    id: int = 0
    version: int = 0

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Trading(StrEnum):
    ACTIVE = "active"
    REDUCING = "reducing"  # only orders that shrink a position
    HALTED = "halted"  # cancels and square-off only


@dataclass(frozen=True, slots=True)
class Latch:
    """Whether the desk may trade. One row; a halt is committed by the door itself."""

    name: str = "desk"
    state: Trading = Trading.ACTIVE
    by: str = ""
    reason: str = ""
    at: datetime | None = None  # market time
    id: int = 0
    version: int = 0


class ClockStatus(StrEnum):
    RUNNING = "running"
    HELD = "held"
    STEPPED = "stepped"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The demo's market clock, one row that every process reads; `version` is its epoch."""

    wall_anchor: datetime
    market_anchor: datetime
    rate: float  # market seconds per wall second
    status: ClockStatus = ClockStatus.HELD
    reason: str = ""
    name: str = "market"
    id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """A process's heartbeat. Unique per name."""

    name: str
    at: datetime  # wall time
    pid: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far something was read, such as a broker's executions. Unique per name."""

    name: str
    value: str
    id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Preference:
    """What an operator chose in a chat, over what the settings say. Unique per name."""

    name: str  # "mute:digest:end", "when:digest:end"
    value: str  # "" is no choice: as the settings say
    by: str = ""  # "operator:42"
    at: datetime | None = None  # wall time
    id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What one set of parameters made of one fold of a study, on whatever machine. Unique per
    (study, params, fold)."""

    study: str  # its digest
    params: str  # JSON, all of the strategy's, sorted by name
    fold: int
    outcome: str  # JSON, as `research.outcome` writes it
    at: datetime  # wall time
    id: int = 0


Fact = (
    Signal
    | Order
    | Fill
    | Request
    | Notice
    | Picture
    | Run
    | Pause
    | Adjustment
    | Action
    | Rate
    | Mark
    | Snapshot
    | Latch
    | ClockReading
    | Beat
    | Cursor
    | Preference
    | Selection
    | Listing
    | Judgement
    | Lock
    | Trial
    | Member
    | Invite
    | Bracket
    | Authenticator
    | Deed
)

#: A second append with the same key is skipped, not an error.
UNIQUE: Mapping[type, tuple[str, ...]] = {
    Signal: ("strategy", "symbol", "bar", "moment", "leg"),
    Order: ("key",),
    Fill: ("broker", "account", "execution_id"),
    Request: ("source", "source_id"),
    Run: ("job", "due_at"),
    Pause: ("job",),
    Adjustment: ("account", "reference"),
    Action: ("account", "reference"),
    Rate: ("currency", "base", "at"),
    Mark: ("session", "account", "strategy"),
    Snapshot: ("session", "account"),
    Latch: ("name",),
    ClockReading: ("name",),
    Beat: ("name",),
    Cursor: ("name",),
    Preference: ("name",),
    Selection: ("universe", "session", "rule"),
    Trial: ("study", "params", "fold"),
    Member: ("user",),
    Invite: ("digest",),
    Bracket: ("strategy", "account", "symbol", "opened_by", "opened_at"),
    Authenticator: ("operator",),
    Deed: ("number",),
}

#: Kinds of which no row may be left out: a figure, a list or a latch without it would be wrong.
WHOLE: frozenset[type] = frozenset(
    {
        Fill,
        Adjustment,
        Action,
        Rate,
        Mark,
        Snapshot,
        Latch,
        ClockReading,
        Listing,
        Lock,
        Authenticator,
    }
)

#: Which states may follow which, for kinds whose moves are checked.
MOVES: Mapping[type, Mapping[Any, frozenset[Any]]] = {
    Signal: SIGNAL_MOVES,
    Order: ORDER_MOVES,
    Request: {
        RequestState.NEW: frozenset({RequestState.DONE, RequestState.REFUSED, RequestState.FAILED})
    },
    Run: {
        RunState.DUE: frozenset({RunState.RUNNING, RunState.MISSED}),
        RunState.RUNNING: frozenset(
            {RunState.DONE, RunState.FAILED, RunState.RUNNING, RunState.DUE}
        ),
        RunState.FAILED: frozenset({RunState.DUE}),  # tried again
    },
}
