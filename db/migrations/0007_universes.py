from tortoise import migrations
from tortoise.migrations import operations as ops
from db.fields import InstantField, JsonTextField, WordsField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('journal', '0006_preferences')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ListingRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('name', WordsField()),
                ('symbol', WordsField()),
                ('listed', fields.BooleanField()),
                ('by', WordsField()),
                ('at', InstantField()),
                ('reason', WordsField()),
            ],
            options={'table': 'listings', 'app': 'journal', 'indexes': [Index(fields=['name', 'symbol'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SelectionRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('universe', WordsField()),
                ('session', fields.DateField()),
                ('rule', WordsField()),
                ('at', InstantField()),
                ('symbols', JsonTextField()),
                ('values', JsonTextField()),
            ],
            options={'table': 'selections', 'app': 'journal', 'unique_together': (('universe', 'session', 'rule'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
