from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from db.fields import InstantField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0003_crew")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PauseRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("job", WordsField()),
                ("since", InstantField()),
                ("until", InstantField(null=True)),
                ("by", WordsField()),
                ("version", fields.BigIntField()),
            ],
            options={"table": "pauses", "unique_together": (("job",),)},
            bases=["Model"],
        ),
        ops.AddField("RunRow", "failures", fields.BigIntField(db_default=0)),
        ops.AddField("RunRow", "not_before", InstantField(null=True)),
        ops.AddField("RunRow", "starts", fields.BigIntField(db_default=0)),
    ]
