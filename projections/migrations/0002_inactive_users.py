from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projections", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="status",
            field=models.CharField(
                choices=[("active", "Active"), ("inactive", "Inactive"), ("deleted", "Deleted")],
                default="active",
                max_length=10,
            ),
        ),
    ]
