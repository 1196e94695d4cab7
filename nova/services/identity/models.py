"""Users: the read model, and the accounts that hold their e-mail addresses."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from nova.services.columns import id_field


class NameKey(models.Func):
    """What users are sorted by as by name: the beginning of the folded text, which is as long as an index takes.

    The number stands in the text of the statement: as a parameter it would keep prepared ones from the index.
    """

    template = "left(%(expressions)s, 255)"
    arity = 1
    output_field = models.TextField()


class User(models.Model):
    """What is known of a user; filled by the projection `users`."""

    class Status(models.TextChoices):
        """Whether the account is open."""

        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"
        DELETED = "deleted", "Deleted"

    user_id = id_field(primary_key=True)
    username = models.CharField(max_length=255, default="")
    display_name = models.CharField(max_length=255, default="")
    email = models.CharField(max_length=255, default="")
    avatar_url = models.CharField(max_length=2_048, default="")
    is_verified = models.BooleanField(default=False)
    follower_count = models.BigIntegerField(default=0, help_text="As the identity service last told it.")
    roles = ArrayField(id_field(), default=list)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    is_erased = models.BooleanField(default=False, help_text="Deleted for good: no personal data is kept.")
    created_at = models.DateTimeField(null=True, help_text="When the account was opened.")
    updated_at = models.DateTimeField(help_text="When the last of its events happened.")
    deleted_at = models.DateTimeField(null=True)
    folded = models.TextField(default="", help_text="Names and e-mail, case folded, for search.")

    class Meta:
        db_table = "users_read"
        ordering = ["user_id"]
        indexes = [
            GinIndex(fields=["folded"], opclasses=["gin_trgm_ops"], name="users_read_folded"),
            models.Index(fields=["-created_at", "-user_id"], name="users_read_newest"),
            models.Index(NameKey("folded"), "user_id", name="users_read_by_name"),
        ]

    def __str__(self) -> str:
        return self.username or self.user_id


class UserAccount(models.Model):
    """Whose an e-mail address is; written with the event that gives it to the user, see `accounts`."""

    user_id = id_field(primary_key=True)
    address = models.CharField(
        max_length=1_000, unique=True, db_collation="C", help_text="The e-mail address, case folded."
    )

    class Meta:
        db_table = "user_accounts"

    def __str__(self) -> str:
        return self.user_id
