"""Known users: the content service's own rows of users, which it has from the identity service's events."""

from django.db import models

from nova.services.columns import id_field


class KnownUser(models.Model):
    """What the service knows of a user; filled by the group `content-service`, see `user_copies`."""

    user_id = id_field(primary_key=True)
    username = models.TextField(default="")
    email = models.TextField(default="")
    is_deleted = models.BooleanField(default=False, help_text="Deleted: no personal data is kept.")

    class Meta:
        db_table = "content_users"

    def __str__(self) -> str:
        return self.username or self.user_id
