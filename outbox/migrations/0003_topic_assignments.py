"""Topics of aggregate types that no code names are assigned by rows; those in use are kept."""

import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import F, Q

from outbox.sql.statements import statement


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_early_vacuum")]

    operations = [
        migrations.CreateModel(
            name="TopicAssignment",
            fields=[
                (
                    "name",
                    models.CharField(
                        db_collation="C",
                        help_text="The topic that it would have for itself.",
                        max_length=249,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "topic",
                    models.CharField(db_collation="C", help_text="The topic that it has.", max_length=249),
                ),
                ("assigned_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "topic_assignments",
                "indexes": [models.Index(fields=["name"], condition=Q(topic=F("name")), name="topic_assignments_own")],
            },
        ),
        migrations.RunSQL(statement("assign_used_topics"), migrations.RunSQL.noop),
    ]
