from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0004_payload_encodings")]

    operations = [
        migrations.AlterModelOptions(
            name="aggregatesnapshot",
            options={"permissions": [("operate_aggregatesnapshot", "Can rebuild and delete snapshots")]},
        ),
        migrations.AddField(
            model_name="aggregatesnapshot",
            name="fold_version",
            field=models.IntegerField(default=0, help_text="Version of the code that folded the events."),
        ),
        migrations.AddField(
            model_name="aggregatesnapshot",
            name="fold",
            field=models.CharField(
                default="", help_text="Hash over all that the state depends on beside events.", max_length=64
            ),
        ),
        migrations.AddField(
            model_name="aggregatesnapshot",
            name="codec",
            field=models.CharField(default="json", help_text="How the state is written.", max_length=20),
        ),
    ]
