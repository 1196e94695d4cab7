"""Saved views: filters of a list that an operator has given a name, for oneself or for all who may see the list."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SavedView(models.Model):
    """A list as somebody wants to see it again."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=50, db_collation="C", help_text="The list, such as `log`.")
    name = models.CharField(max_length=100)
    query = models.TextField(help_text="What narrows the list, as its address says it.")
    is_shared = models.BooleanField(db_default=False, help_text="Whether others see it who may see the list.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "nova"
        db_table = "saved_views"
        ordering = ["name", "id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_views_once")]

    def __str__(self) -> str:
        return self.name
