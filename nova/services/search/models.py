"""Read model of search: one document a post or user, and messages apart, which only their conversation is asked for."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from nova.services.columns import id_field

TO_BE_FOUND = models.Q(is_hidden=False, removed_at__isnull=True)


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
            GinIndex(fields=["kind", "words"], condition=TO_BE_FOUND, name="search_documents_words"),
            # A common word is looked for from the newest document on.
            models.Index(
                fields=["kind", "-text_at", "-document_id"], condition=TO_BE_FOUND, name="search_documents_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id}"


class SearchConversation(models.Model):
    """Whether the messages of a conversation may be searched; owned by the group `search-service`."""

    conversation_id = id_field(primary_key=True)
    is_encrypted = models.BooleanField(
        null=True, help_text="From end to end, for good. Empty until its opening is heard of: nothing is found before."
    )
    is_enabled = models.BooleanField(default=False, help_text="Whether search is on.")
    since = models.DateTimeField(help_text="When search was switched so.")
    told_at = models.DateTimeField(help_text="When the last event that says so happened.")

    class Meta:
        db_table = "search_conversations"
        ordering = ["conversation_id"]

    def __str__(self) -> str:
        return self.conversation_id


class SearchMessage(models.Model):
    """A message of a conversation; owned by the group `search-service`.

    Its text is in the index while the conversation's search is on and was on when it was sent. It waits, without being
    in the index, while nobody can say that: events of conversations and of messages come by different topics.
    """

    pk = models.CompositePrimaryKey("conversation_id", "message_id")
    conversation_id = id_field()
    message_id = id_field()
    sender_id = id_field(default="")
    created_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When its event happened: what switches are compared with.")
    text = models.TextField(default="", help_text="Empty where search was off, or the conversation is encrypted.")
    folded = models.TextField(default="", help_text="The text, case folded.")
    is_indexed = models.BooleanField(default=False, help_text="Whether it can be found.")
    words = models.GeneratedField(
        expression=SearchVector(
            models.Case(
                models.When(is_indexed=True, then=models.F("folded")),
                default=models.Value(""),
                output_field=models.TextField(),
            ),
            config="simple",
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    removed_at = models.DateTimeField(null=True, help_text="When it was deleted; all else is gone.")

    class Meta:
        db_table = "search_messages"
        indexes = [
            GinIndex(
                fields=["conversation_id", "words"],
                condition=models.Q(is_indexed=True),
                name="search_messages_words",
            ),
            models.Index(
                fields=["conversation_id", "-created_at", "-message_id"],
                condition=models.Q(is_indexed=True),
                name="search_messages_newest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.message_id}"
