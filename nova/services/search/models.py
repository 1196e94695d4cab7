"""Read model of search: one document a post or user."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from nova.services.columns import id_field


class SearchDocument(models.Model):
    """The words of a post or a user; owned by the group `search-service`."""

    class Kind(models.TextChoices):
        """What can be found."""

        POST = "post", "Post"
        USER = "user", "User"

    pk = models.CompositePrimaryKey("kind", "document_id")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    document_id = id_field()
    text = models.TextField(default="")
    folded = models.TextField(default="", help_text="The text, case folded.")
    words = models.GeneratedField(
        expression=SearchVector("folded", config="simple"), output_field=SearchVectorField(), db_persist=True
    )
    is_hidden = models.BooleanField(default=False, help_text="Kept, but not to be found now: a post not published.")
    text_at = models.DateTimeField(null=True, help_text="When the text was last set.")
    hidden_at = models.DateTimeField(null=True, help_text="When it was last hidden or published.")
    removed_at = models.DateTimeField(null=True, help_text="When it was deleted; the text is gone.")

    class Meta:
        db_table = "search_documents"
        indexes = [
            GinIndex(
                fields=["words"],
                condition=models.Q(is_hidden=False, removed_at__isnull=True),
                name="search_documents_words",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id}"
