from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from db.fields import ExactField, JsonTextField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0009_ledger")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SnapshotRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("session", fields.DateField()),
                ("account", WordsField()),
                ("currency", WordsField()),
                ("equity", fields.BigIntField()),
                ("cash", fields.BigIntField()),
                ("gross", fields.BigIntField()),
                ("net", fields.BigIntField()),
                ("capital", fields.BigIntField()),
                ("leverage", ExactField(null=True)),
                ("margin", fields.BigIntField(null=True)),
                ("buying_power", fields.BigIntField(null=True)),
                ("told", WordsField()),
                ("positions", JsonTextField()),
                ("trades", JsonTextField()),
            ],
            options={"table": "snapshots", "unique_together": (("session", "account"),)},
            bases=["Model"],
        ),
    ]
