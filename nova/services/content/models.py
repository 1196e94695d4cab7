"""Known users, which the content service has from the identity service's events, and what each has written."""

from django.db import models

from nova.services.columns import id_field
from nova.services.erasure.belongings import Belonging, FormerOwner


class KnownUser(models.Model):
    """What the service knows of a user; filled by the group `content-service`, see `user_copies`."""

    user_id = id_field(primary_key=True)
    username = models.TextField(default="")
    named_at = models.DateTimeField(null=True, help_text="When the user name was last set.")
    email = models.TextField(default="")
    emailed_at = models.DateTimeField(null=True, help_text="When the e-mail address was last set.")
    is_created = models.BooleanField(
        default=True, help_text="Whether the creation was heard of; nobody is shown before."
    )
    is_deleted = models.BooleanField(default=False, help_text="Deleted: no personal data is kept.")

    class Meta:
        db_table = "content_users"

    def __str__(self) -> str:
        return self.username or self.user_id


class ContentBelonging(Belonging):
    """A post or comment that is there, and who has written it; filled by the group `content-service`."""

    class Meta(Belonging.Meta):
        db_table = "content_belongings"


class FormerAuthor(FormerOwner):
    """A user who is gone; what turns up later is removed."""

    class Meta:
        db_table = "content_former_authors"
