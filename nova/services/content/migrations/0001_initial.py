from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='KnownUser',
            fields=[
                ('user_id', models.CharField(db_collation='C', max_length=255, primary_key=True, serialize=False)),
                ('username', models.TextField(default='')),
                ('email', models.TextField(default='')),
                ('is_deleted', models.BooleanField(default=False, help_text='Deleted: no personal data is kept.')),
            ],
            options={
                'db_table': 'content_users',
            },
        ),
    ]
