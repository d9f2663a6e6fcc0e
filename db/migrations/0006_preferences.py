from tortoise import migrations
from tortoise.migrations import operations as ops
from db.fields import InstantField, WordsField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('journal', '0005_trials')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PreferenceRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('name', WordsField()),
                ('value', WordsField()),
                ('by', WordsField()),
                ('at', InstantField(null=True)),
                ('version', fields.BigIntField()),
            ],
            options={'table': 'preferences', 'app': 'journal', 'unique_together': (('name',),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
