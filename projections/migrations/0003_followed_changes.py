from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projections", "0002_inactive_users")]

    operations = [
        migrations.AddField(
            model_name="feedfollow",
            name="is_following",
            field=models.BooleanField(default=True, help_text="False once it was taken back."),
        ),
        migrations.AlterField(
            model_name="feedfollow",
            name="since",
            field=models.DateTimeField(help_text="When it was begun or taken back last."),
        ),
        migrations.AddField(
            model_name="feedauthor",
            name="named_at",
            field=models.DateTimeField(help_text="When the user name last changed.", null=True),
        ),
    ]
