from tortoise import migrations
from tortoise.migrations import operations as ops
from db.fields import InstantField

class Migration(migrations.Migration):
    dependencies = [('journal', '0001_initial')]

    initial = False

    operations = [
        ops.AddField(
            model_name='RequestRow',
            name='leased_until',
            field=InstantField(null=True),
        ),
    ]
