"""The tables, one per kind of fact, with the dataclasses' own field names.

Columns hold storage types only; `db.tables` turns rows into facts by the dataclass's
annotations. Rows have no docstrings: Tortoise makes SQL comments of them, and migrations.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tortoise import fields
from tortoise.models import Model

from db.fields import ExactField, InstantField, JsonTextField, WordsField
from db.house_models import (
    AuthenticatorRow,
    BracketRow,
    DeedRow,
    EntryLockRow,
    InviteRow,
    JudgementRow,
    ListingRow,
    MemberRow,
    PauseRow,
    PreferenceRow,
    SelectionRow,
    TrialRow,
)
from db.money_models import ActionRow, AdjustmentRow, MarkRow, RateRow, SnapshotRow
from trading.audit import Deed
from trading.brackets import Bracket
from trading.facts import (
    UNIQUE,
    Beat,
    ClockReading,
    Cursor,
    Latch,
    Notice,
    Pause,
    Picture,
    Preference,
    Request,
    Run,
    Trial,
)
from trading.judgement import Judgement
from trading.locks import Lock
from trading.money import Action, Adjustment, Mark, Rate, Snapshot
from trading.orders import Fill, Order
from trading.people import Authenticator, Invite, Member
from trading.signals import Signal
from trading.universes import Listing, Selection


class SignalRow(Model):
    id = fields.BigIntField(primary_key=True)
    strategy = WordsField()
    symbol = WordsField()
    target = WordsField()
    bar = InstantField()
    moment = WordsField()
    price = ExactField()
    quantity = ExactField()
    proposed_at = InstantField()
    execute_at = InstantField()
    expires_at = InstantField()
    equity = ExactField()
    leg = fields.BigIntField()
    strength = fields.FloatField()
    rank = fields.BigIntField()
    stop = ExactField(null=True)
    features = JsonTextField()
    reason = WordsField()
    state = WordsField()
    decided_by = WordsField()
    decided_at = InstantField(null=True)
    note = WordsField()
    carded = fields.BooleanField()
    kept_stop = ExactField(null=True)
    mode = WordsField(db_default="manual")
    window = fields.BigIntField(db_default=0)
    veto_until = InstantField(null=True)
    limit = ExactField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "signals"
        unique_together = (UNIQUE[Signal],)
        indexes = (("state", "expires_at"),)


class OrderRow(Model):
    id = fields.BigIntField(primary_key=True)
    key = WordsField()
    strategy = WordsField()
    broker = WordsField()
    account = WordsField()
    symbol = WordsField()
    side = WordsField()
    quantity = ExactField()
    execute_at = InstantField()
    created_at = InstantField()
    type = WordsField()
    limit = ExactField(null=True)
    stop = ExactField(null=True)
    reference = ExactField(null=True)
    reduce_only = fields.BooleanField()
    purpose = WordsField()
    signal_id = fields.BigIntField(null=True)
    state = WordsField()
    owner = WordsField()
    leased_until = InstantField(null=True)
    claimed_at = InstantField(null=True)
    attempts = fields.BigIntField(db_default=0)
    asked_at = InstantField(null=True)
    broker_ref = WordsField()
    note = WordsField()
    submitted_at = InstantField(null=True)
    done_at = InstantField(null=True)
    until = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "orders"
        unique_together = (UNIQUE[Order],)
        indexes = (
            ("state", "execute_at"),
            ("signal_id",),
            ("created_at",),
            ("submitted_at",),
        )


class FillRow(Model):
    id = fields.BigIntField(primary_key=True)
    broker = WordsField()
    account = WordsField()
    execution_id = WordsField()
    order_key = WordsField()
    strategy = WordsField()
    symbol = WordsField()
    side = WordsField()
    quantity = ExactField()
    price = ExactField()
    fee = ExactField()
    currency = WordsField()
    at = InstantField()
    multiplier = ExactField()
    tax = ExactField(db_default=Decimal(0))
    reverses = WordsField(db_default="")

    class Meta:
        table = "fills"
        unique_together = (UNIQUE[Fill],)
        indexes = (("order_key",),)


class RequestRow(Model):
    id = fields.BigIntField(primary_key=True)
    source = WordsField()
    source_id = WordsField()
    verb = WordsField()
    received_at = InstantField()
    args = JsonTextField()
    operator = fields.BigIntField()
    recipient = fields.BigIntField()
    payload = JsonTextField()
    sent_at = InstantField(null=True)
    state = WordsField()
    leased_until = InstantField(null=True)
    handled_at = InstantField(null=True)
    error = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "requests"
        unique_together = (UNIQUE[Request],)
        indexes = (("state",),)


class NoticeRow(Model):
    id = fields.BigIntField(primary_key=True)
    recipient = fields.BigIntField()
    kind = WordsField()
    created_at = InstantField()
    subject = WordsField()
    body = JsonTextField()
    lane = fields.BigIntField()
    picture_id = fields.BigIntField(null=True)
    answers = fields.BigIntField(null=True)
    edits = fields.BooleanField()
    silent = fields.BooleanField()
    not_before = InstantField(null=True)
    leased_until = InstantField(null=True)
    attempts = fields.BigIntField()
    sent_at = InstantField(null=True)
    error = WordsField()
    state = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "notices"
        indexes = (("state", "lane", "id"),)


class PictureRow(Model):
    id = fields.BigIntField(primary_key=True)
    kind = WordsField()
    spec = JsonTextField()
    wanted_at = InstantField()
    subject = WordsField()
    png = fields.BinaryField()
    digest = WordsField()
    handle = WordsField()
    drawn_at = InstantField(null=True)
    error = WordsField()
    state = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "pictures"
        indexes = (("state",),)


class RunRow(Model):
    id = fields.BigIntField(primary_key=True)
    job = WordsField()
    due_at = InstantField()
    state = WordsField()
    args = JsonTextField()
    request_id = fields.BigIntField(null=True)
    started_at = InstantField(null=True)
    finished_at = InstantField(null=True)
    leased_until = InstantField(null=True)
    not_before = InstantField(null=True)
    starts = fields.BigIntField(db_default=0)
    failures = fields.BigIntField(db_default=0)
    outcome = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "runs"
        unique_together = (UNIQUE[Run],)
        indexes = (("state", "due_at"),)


class LatchRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()
    state = WordsField()
    by = WordsField()
    reason = WordsField()
    at = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "latches"
        unique_together = (UNIQUE[Latch],)


class ClockReadingRow(Model):
    id = fields.BigIntField(primary_key=True)
    wall_anchor = InstantField()
    market_anchor = InstantField()
    rate = fields.FloatField()
    status = WordsField()
    reason = WordsField()
    name = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "clock_readings"
        unique_together = (UNIQUE[ClockReading],)


class BeatRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()
    at = InstantField()
    pid = fields.BigIntField()
    detail = JsonTextField()
    version = fields.BigIntField()

    class Meta:
        table = "beats"
        unique_together = (UNIQUE[Beat],)


class CursorRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()
    value = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "cursors"
        unique_together = (UNIQUE[Cursor],)


#: Each kind of fact and the table that keeps it.
ROWS: Mapping[type[Any], type[Model]] = {
    Signal: SignalRow,
    Order: OrderRow,
    Fill: FillRow,
    Request: RequestRow,
    Notice: NoticeRow,
    Picture: PictureRow,
    Run: RunRow,
    Pause: PauseRow,
    Adjustment: AdjustmentRow,
    Action: ActionRow,
    Rate: RateRow,
    Mark: MarkRow,
    Snapshot: SnapshotRow,
    Latch: LatchRow,
    ClockReading: ClockReadingRow,
    Beat: BeatRow,
    Cursor: CursorRow,
    Preference: PreferenceRow,
    Judgement: JudgementRow,
    Selection: SelectionRow,
    Listing: ListingRow,
    Lock: EntryLockRow,
    Trial: TrialRow,
    Member: MemberRow,
    Invite: InviteRow,
    Bracket: BracketRow,
    Authenticator: AuthenticatorRow,
    Deed: DeedRow,
}
