from tortoise import migrations
from tortoise.migrations import operations as ops
from db.fields import InstantField, WordsField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('journal', '0004_schedule')]

    initial = False

    operations = [
        ops.CreateModel(
            name='TrialRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('study', WordsField()),
                ('params', WordsField()),
                ('fold', fields.BigIntField()),
                ('outcome', WordsField()),
                ('at', InstantField()),
            ],
            options={'table': 'trials', 'app': 'journal', 'unique_together': (('study', 'params', 'fold'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
