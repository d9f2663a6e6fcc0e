"""The tables of money that is no execution: cash, corporate actions, exchange rates, marks,
snapshots.

As in `db.models`, rows have no docstrings.
"""

from tortoise import fields
from tortoise.models import Model

from db.fields import ExactField, InstantField, JsonTextField, WordsField
from trading.facts import UNIQUE
from trading.money import Action, Adjustment, Mark, Rate, Snapshot


class AdjustmentRow(Model):
    id = fields.BigIntField(primary_key=True)
    account = WordsField()
    reference = WordsField()
    kind = WordsField()
    amount = ExactField()
    currency = WordsField()
    at = InstantField()
    strategy = WordsField()
    note = WordsField()
    symbol = WordsField(db_default="")

    class Meta:
        table = "adjustments"
        unique_together = (UNIQUE[Adjustment],)


class MarkRow(Model):
    id = fields.BigIntField(primary_key=True)
    session = fields.DateField()
    account = WordsField()
    strategy = WordsField()
    currency = WordsField()
    realised = fields.BigIntField()
    unrealised = fields.BigIntField()
    fees = fields.BigIntField()
    exposure = fields.BigIntField()
    trades = fields.BigIntField()
    taxes = fields.BigIntField(db_default=0)
    fx = fields.BigIntField(db_default=0)

    class Meta:
        table = "marks"
        unique_together = (UNIQUE[Mark],)


class SnapshotRow(Model):
    id = fields.BigIntField(primary_key=True)
    session = fields.DateField()
    account = WordsField()
    currency = WordsField()
    equity = fields.BigIntField()
    cash = fields.BigIntField()
    gross = fields.BigIntField()
    net = fields.BigIntField()
    capital = fields.BigIntField()
    leverage = ExactField(null=True)
    margin = fields.BigIntField(null=True)
    buying_power = fields.BigIntField(null=True)
    told = WordsField()
    positions = JsonTextField()
    trades = JsonTextField()

    class Meta:
        table = "snapshots"
        unique_together = (UNIQUE[Snapshot],)


class ActionRow(Model):
    id = fields.BigIntField(primary_key=True)
    account = WordsField()
    reference = WordsField()
    kind = WordsField()
    symbol = WordsField()
    at = InstantField()
    gives = ExactField()
    takes = ExactField()
    into = WordsField()
    share = ExactField()
    price = ExactField()
    units = ExactField()
    right = fields.BigIntField()
    note = WordsField()

    class Meta:
        table = "actions"
        unique_together = (UNIQUE[Action],)


class RateRow(Model):
    id = fields.BigIntField(primary_key=True)
    currency = WordsField()
    base = WordsField()
    at = InstantField()
    value = ExactField()
    source = WordsField()

    class Meta:
        table = "rates"
        unique_together = (UNIQUE[Rate],)
