from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from db.fields import InstantField, JsonTextField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0014_modes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="JudgementRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("signal_id", fields.BigIntField()),
                ("stage", WordsField()),
                ("at", InstantField()),
                ("checks", JsonTextField()),
            ],
            options={"table": "judgements", "indexes": [Index(fields=["signal_id"])]},
            bases=["Model"],
        ),
        ops.AddIndex("OrderRow", Index(fields=["created_at"])),
        ops.AddIndex("OrderRow", Index(fields=["submitted_at"])),
    ]
