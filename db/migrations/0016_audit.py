from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from db.fields import InstantField, JsonTextField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0015_judgements")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DeedRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("number", fields.BigIntField()),
                ("at", InstantField()),
                ("who", WordsField()),
                ("source", WordsField()),
                ("verb", WordsField()),
                ("args", JsonTextField()),
                ("place", fields.BigIntField()),
                ("subjects", WordsField()),
                ("shown", WordsField()),
                ("outcome", WordsField()),
                ("said", WordsField()),
                ("detail", JsonTextField()),
                ("previous", WordsField()),
                ("digest", WordsField()),
            ],
            options={
                "table": "deeds",
                "unique_together": (("number",),),
                "indexes": [Index(fields=["at"])],
            },
            bases=["Model"],
        ),
    ]
