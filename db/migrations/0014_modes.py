from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from db.fields import ExactField, InstantField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0013_exits")]

    initial = False

    operations = [
        ops.AddField("SignalRow", "kept_stop", ExactField(null=True)),
        ops.AddField("SignalRow", "mode", WordsField(db_default="manual")),
        ops.AddField("SignalRow", "veto_until", InstantField(null=True)),
        ops.AddField("SignalRow", "window", fields.BigIntField(db_default=0)),
    ]
