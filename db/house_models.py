"""The tables of what the house keeps about itself: who joined, what was chosen, paused, tried.

As in `db.models`, rows have no docstrings.
"""

from tortoise import fields
from tortoise.models import Model

from db.fields import ExactField, InstantField, JsonTextField, WordsField
from trading.audit import Deed
from trading.brackets import Bracket
from trading.facts import UNIQUE, Pause, Preference, Trial
from trading.people import Authenticator, Invite, Member
from trading.universes import Selection


class PauseRow(Model):
    id = fields.BigIntField(primary_key=True)
    job = WordsField()
    since = InstantField()
    until = InstantField(null=True)
    by = WordsField()
    version = fields.BigIntField()

    class Meta:
        table = "pauses"
        unique_together = (UNIQUE[Pause],)


class PreferenceRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()
    value = WordsField()
    by = WordsField()
    at = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "preferences"
        unique_together = (UNIQUE[Preference],)


class SelectionRow(Model):
    id = fields.BigIntField(primary_key=True)
    universe = WordsField()
    session = fields.DateField()
    rule = WordsField()
    at = InstantField()
    symbols = JsonTextField()
    values = JsonTextField()

    class Meta:
        table = "selections"
        unique_together = (UNIQUE[Selection],)


class EntryLockRow(Model):
    id = fields.BigIntField(primary_key=True)
    scope = WordsField()
    reason = WordsField()
    by = WordsField()
    at = InstantField()
    until = InstantField(null=True)
    lifted_by = WordsField()
    lifted_at = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "entry_locks"
        indexes = (("lifted_at", "until"),)


class ListingRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()
    symbol = WordsField()
    listed = fields.BooleanField()
    by = WordsField()
    at = InstantField()
    reason = WordsField()

    class Meta:
        table = "listings"
        indexes = (("name", "symbol"),)


class TrialRow(Model):
    id = fields.BigIntField(primary_key=True)
    study = WordsField()
    params = WordsField()
    fold = fields.BigIntField()
    outcome = WordsField()
    at = InstantField()

    class Meta:
        table = "trials"
        unique_together = (UNIQUE[Trial],)


class JudgementRow(Model):
    id = fields.BigIntField(primary_key=True)
    signal_id = fields.BigIntField()
    stage = WordsField()
    at = InstantField()
    checks = JsonTextField()

    class Meta:
        table = "judgements"
        indexes = (("signal_id",),)


class MemberRow(Model):
    id = fields.BigIntField(primary_key=True)
    user = fields.BigIntField()
    name = WordsField()
    role = WordsField()
    joined_at = InstantField()
    largest = ExactField(null=True)
    revoked_at = InstantField(null=True)
    version = fields.BigIntField(db_default=0)

    class Meta:
        table = "members"
        unique_together = (UNIQUE[Member],)


class InviteRow(Model):
    id = fields.BigIntField(primary_key=True)
    digest = WordsField()
    role = WordsField()
    expires_at = InstantField()
    used_by = fields.BigIntField(null=True)
    used_at = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "invites"
        unique_together = (UNIQUE[Invite],)


class BracketRow(Model):
    id = fields.BigIntField(primary_key=True)
    strategy = WordsField()
    broker = WordsField()
    account = WordsField()
    symbol = WordsField()
    opened_by = WordsField()
    opened_at = InstantField()
    side = WordsField()
    entry = ExactField()
    stop = ExactField(null=True)
    trail = ExactField(null=True)
    target = ExactField(null=True)
    until = InstantField(null=True)
    rests = fields.BooleanField()
    placed = fields.BigIntField()
    action = fields.BigIntField()
    moved_at = InstantField(null=True)
    fired = WordsField()
    fired_at = InstantField(null=True)
    note = WordsField()
    ended_at = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "brackets"
        unique_together = (UNIQUE[Bracket],)


class AuthenticatorRow(Model):
    id = fields.BigIntField(primary_key=True)
    operator = fields.BigIntField()
    sealed = WordsField()
    made_at = InstantField()
    enrolled_at = InstantField(null=True)
    used = fields.BigIntField()
    wrong = fields.BigIntField()
    locked_until = InstantField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "authenticators"
        unique_together = (UNIQUE[Authenticator],)


class DeedRow(Model):
    id = fields.BigIntField(primary_key=True)
    number = fields.BigIntField()
    at = InstantField()
    who = WordsField()
    source = WordsField()
    verb = WordsField()
    args = JsonTextField()
    place = fields.BigIntField()
    subjects = WordsField()
    shown = WordsField()
    outcome = WordsField()
    said = WordsField()
    detail = JsonTextField()
    previous = WordsField()
    digest = WordsField()

    class Meta:
        table = "deeds"
        unique_together = (UNIQUE[Deed],)
        indexes = (("at",),)
