from django.db import migrations, models
from django.db.models.lookups import Exact

import events.fields


class Migration(migrations.Migration):
    dependencies = [("events", "0003_stream_metadata")]

    operations = [
        migrations.AddField(
            model_name="domainevent",
            name="encoding",
            field=models.CharField(max_length=50, db_default="json", help_text="How the payload is stored."),
        ),
        migrations.AddField(
            model_name="domainevent",
            name="payload_bytes",
            field=models.BinaryField(null=True, help_text="The payload in any other encoding."),
        ),
        migrations.AlterField(
            model_name="domainevent",
            name="payload",
            field=events.fields.JSONTextField(null=True, help_text="Where the encoding is json."),
        ),
        migrations.AddConstraint(
            model_name="domainevent",
            constraint=models.CheckConstraint(
                condition=Exact(
                    models.Func("payload", "payload_bytes", function="num_nonnulls", output_field=models.IntegerField()),
                    1,
                ),
                name="domain_events_one_payload",
            ),
        ),
    ]
