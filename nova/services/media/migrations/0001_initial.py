from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='FormerUploader',
            fields=[
                ('user_id', models.CharField(db_collation='C', max_length=255, primary_key=True, serialize=False)),
            ],
            options={
                'db_table': 'media_former_uploaders',
            },
        ),
        migrations.CreateModel(
            name='MediaBelonging',
            fields=[
                ('pk', models.CompositePrimaryKey('aggregate_type', 'aggregate_id', 'part', blank=True, editable=False, primary_key=True, serialize=False)),
                ('aggregate_type', models.CharField(db_collation='C', max_length=100)),
                ('aggregate_id', models.CharField(db_collation='C', max_length=255)),
                ('part', models.CharField(db_collation='C', default='', help_text='Such as a message of a conversation; empty for the whole aggregate.', max_length=255)),
                ('owner_id', models.CharField(db_collation='C', help_text='The user.', max_length=255)),
            ],
            options={
                'db_table': 'media_belongings',
                'abstract': False,
                'indexes': [models.Index(fields=['owner_id', 'aggregate_type', 'aggregate_id', 'part'], name='mediabelonging_owner')],
            },
        ),
    ]
