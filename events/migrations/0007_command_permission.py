from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0006_drawn_positions")]

    operations = [
        migrations.AlterModelOptions(
            name="domainevent",
            options={
                "ordering": ["-position"],
                "permissions": [("execute_command", "Can give aggregates commands in the console")],
            },
        ),
    ]
