from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from db.fields import ExactField, InstantField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0011_people")]

    initial = False

    operations = [
        ops.AddField("SignalRow", "limit", ExactField(null=True)),
        ops.AddField("OrderRow", "until", InstantField(null=True)),
        ops.CreateModel(
            name="EntryLockRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("scope", WordsField()),
                ("reason", WordsField()),
                ("by", WordsField()),
                ("at", InstantField()),
                ("until", InstantField(null=True)),
                ("lifted_by", WordsField()),
                ("lifted_at", InstantField(null=True)),
                ("version", fields.BigIntField()),
            ],
            options={
                "table": "entry_locks",
                "indexes": [Index(fields=["lifted_at", "until"])],
            },
            bases=["Model"],
        ),
    ]
