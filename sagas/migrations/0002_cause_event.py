from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sagas', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='sagatransition',
            name='cause_event',
            field=models.JSONField(help_text='The event, where the log of this database does not have it.', null=True),
        ),
    ]
