"""How far groups have handled partitions is recorded, and which database it is that knows; both tell of a restore."""

import django.db.models.functions.datetime
from django.db import migrations, models, transaction
from django.db.models import Q
from django.db.utils import ProgrammingError

from outbox.sql.statements import statement


def note_identity(apps, schema_editor):
    """Write down which database this is, where PostgreSQL lets us ask."""
    connection = schema_editor.connection
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement("own_identity"))
            (identity,) = cursor.fetchone()
    except ProgrammingError:
        return
    apps.get_model("outbox", "DatabaseIdentity").objects.using(connection.alias).create(identity=identity)


class Migration(migrations.Migration):
    dependencies = [("outbox", "0004_index_names")]

    operations = [
        migrations.CreateModel(
            name="ConsumerPosition",
            fields=[
                ("consumer", models.CharField(db_collation="C", max_length=100)),
                ("topic", models.CharField(db_collation="C", max_length=249)),
                ("partition", models.IntegerField()),
                (
                    "topic_id",
                    models.CharField(db_collation="C", help_text="One made anew has another.", max_length=50),
                ),
                ("position", models.BigIntegerField(help_text="The next offset that the group has not handled.")),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "consumer",
                        "topic",
                        "partition",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={"db_table": "consumer_positions"},
        ),
        migrations.CreateModel(
            name="DatabaseIdentity",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("identity", models.CharField(db_collation="C", max_length=100)),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "database_identity",
                "constraints": [models.CheckConstraint(condition=Q(("id", 1)), name="database_identity_is_one")],
            },
        ),
        migrations.RunSQL(statement("await_adoption"), migrations.RunSQL.noop),
        migrations.RunPython(note_identity, migrations.RunPython.noop),
    ]
