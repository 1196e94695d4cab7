from django.db import migrations, models

# Of two users of before who share an address, the first keeps it.
TAKE_ADDRESSES = """
INSERT INTO user_accounts (user_id, address)
SELECT user_id, lower(email) FROM users_read WHERE email <> '' AND status <> 'deleted' ORDER BY created_at, user_id
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [
        ('nova_identity', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='UserAccount',
            fields=[
                ('user_id', models.CharField(db_collation='C', max_length=255, primary_key=True, serialize=False)),
                ('address', models.CharField(db_collation='C', help_text='The e-mail address, case folded.', max_length=1000, unique=True)),
            ],
            options={
                'db_table': 'user_accounts',
            },
        ),
        migrations.RunSQL(TAKE_ADDRESSES, migrations.RunSQL.noop),
    ]
