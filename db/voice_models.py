"""The tables of what is no fact: what the voice remembers of its messages, and the database's own.

As in `db.models`, rows have no docstrings.
"""

from tortoise import fields
from tortoise.models import Model

from db.fields import InstantField, JsonTextField, WordsField


# Which message shows a subject to a recipient; the bot's care, not a fact.
class PostRow(Model):
    id = fields.BigIntField(primary_key=True)
    recipient = fields.BigIntField()
    subject = WordsField()
    message_id = fields.BigIntField()
    has_photo = fields.BooleanField()
    digest = WordsField()
    picture_id = fields.BigIntField(null=True)
    page = fields.BigIntField()
    updated_at = InstantField()

    class Meta:
        table = "posts"
        unique_together = (("recipient", "subject"),)
        indexes = (("recipient", "message_id"),)


# What one shown button stands for.
class NonceRow(Model):
    id = fields.BigIntField(primary_key=True)
    nonce = WordsField()
    recipient = fields.BigIntField()
    user = fields.BigIntField()
    subject = WordsField()
    verb = WordsField()
    args = JsonTextField()
    once = fields.BooleanField()
    message_id = fields.BigIntField(null=True)
    shown = WordsField()
    created_at = InstantField()
    used_at = InstantField(null=True)

    class Meta:
        table = "nonces"
        unique_together = (("nonce",),)
        indexes = (("created_at",),)


# A name and its value: the desk's id, the schema's stamp.
class EntryRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()
    value = WordsField()

    class Meta:
        table = "meta"
        unique_together = (("name",),)


# On PostgreSQL a writing transaction holds this row, so that one runs at a time.
class LockRow(Model):
    id = fields.BigIntField(primary_key=True)
    name = WordsField()

    class Meta:
        table = "locks"
        unique_together = (("name",),)
