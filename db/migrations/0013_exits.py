from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from db.fields import ExactField, InstantField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0012_by_hand")]

    initial = False

    operations = [
        ops.AddField("OrderRow", "stop", ExactField(null=True)),
        ops.CreateModel(
            name="BracketRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("strategy", WordsField()),
                ("broker", WordsField()),
                ("account", WordsField()),
                ("symbol", WordsField()),
                ("opened_by", WordsField()),
                ("opened_at", InstantField()),
                ("side", WordsField()),
                ("entry", ExactField()),
                ("stop", ExactField(null=True)),
                ("trail", ExactField(null=True)),
                ("target", ExactField(null=True)),
                ("until", InstantField(null=True)),
                ("rests", fields.BooleanField()),
                ("placed", fields.BigIntField()),
                ("action", fields.BigIntField()),
                ("moved_at", InstantField(null=True)),
                ("fired", WordsField()),
                ("fired_at", InstantField(null=True)),
                ("note", WordsField()),
                ("ended_at", InstantField(null=True)),
                ("version", fields.BigIntField()),
            ],
            options={
                "table": "brackets",
                "unique_together": (
                    ("strategy", "account", "symbol", "opened_by", "opened_at"),
                ),
            },
            bases=["Model"],
        ),
    ]
