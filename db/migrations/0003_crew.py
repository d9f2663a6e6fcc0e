from tortoise import migrations
from tortoise.migrations import operations as ops
from db.fields import InstantField, WordsField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('journal', '0002_request_lease')]

    initial = False

    operations = [
        ops.CreateModel(
            name='InviteRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('digest', WordsField()),
                ('role', WordsField()),
                ('expires_at', InstantField()),
                ('used_by', fields.BigIntField(null=True)),
                ('used_at', InstantField(null=True)),
                ('version', fields.BigIntField()),
            ],
            options={'table': 'invites', 'app': 'journal', 'unique_together': (('digest',),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MemberRow',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('user', fields.BigIntField()),
                ('name', WordsField()),
                ('role', WordsField()),
                ('joined_at', InstantField()),
            ],
            options={'table': 'members', 'app': 'journal', 'unique_together': (('user',),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
