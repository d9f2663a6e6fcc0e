from decimal import Decimal

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from db.fields import ExactField, InstantField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0008_claims")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ActionRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("account", WordsField()),
                ("reference", WordsField()),
                ("kind", WordsField()),
                ("symbol", WordsField()),
                ("at", InstantField()),
                ("gives", ExactField()),
                ("takes", ExactField()),
                ("into", WordsField()),
                ("share", ExactField()),
                ("price", ExactField()),
                ("units", ExactField()),
                ("right", fields.BigIntField()),
                ("note", WordsField()),
            ],
            options={"table": "actions", "unique_together": (("account", "reference"),)},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RateRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("currency", WordsField()),
                ("base", WordsField()),
                ("at", InstantField()),
                ("value", ExactField()),
                ("source", WordsField()),
            ],
            options={"table": "rates", "unique_together": (("currency", "base", "at"),)},
            bases=["Model"],
        ),
        ops.AddField("AdjustmentRow", "symbol", WordsField(db_default="")),
        ops.AddField("FillRow", "reverses", WordsField(db_default="")),
        ops.AddField("FillRow", "tax", ExactField(db_default=Decimal(0))),
        ops.AddField("MarkRow", "fx", fields.BigIntField(db_default=0)),
        ops.AddField("MarkRow", "taxes", fields.BigIntField(db_default=0)),
    ]
