from tortoise import migrations
from tortoise.migrations import operations as ops
from db.fields import InstantField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('journal', '0007_universes')]

    initial = False

    operations = [
        ops.AddField("OrderRow", "claimed_at", InstantField(null=True)),
        ops.AddField("OrderRow", "attempts", fields.BigIntField(db_default=0)),
        ops.AddField("OrderRow", "asked_at", InstantField(null=True)),
    ]
