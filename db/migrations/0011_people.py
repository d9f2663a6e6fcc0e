from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from db.fields import ExactField, InstantField, WordsField


class Migration(migrations.Migration):
    dependencies = [("journal", "0010_snapshots")]

    initial = False

    operations = [
        ops.AddField("MemberRow", "largest", ExactField(null=True)),
        ops.AddField("MemberRow", "revoked_at", InstantField(null=True)),
        ops.AddField("MemberRow", "version", fields.BigIntField(db_default=0)),
        ops.CreateModel(
            name="AuthenticatorRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True)),
                ("operator", fields.BigIntField()),
                ("sealed", WordsField()),
                ("made_at", InstantField()),
                ("enrolled_at", InstantField(null=True)),
                ("used", fields.BigIntField()),
                ("wrong", fields.BigIntField()),
                ("locked_until", InstantField(null=True)),
                ("version", fields.BigIntField()),
            ],
            options={"table": "authenticators", "unique_together": (("operator",),)},
            bases=["Model"],
        ),
    ]
