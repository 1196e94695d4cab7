"""Dead-letter models: messages that a consumer group could not handle, and operators' operations on them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5, Now

from kit.json.field import JSONTextField
from kit.operations import Operation


class DeadLetter(models.Model):
    """A message that a consumer group could not handle, exactly as it came."""

    class Status(models.TextChoices):
        """What has become of it."""

        OPEN = "open"
        RETRYING = "retrying"
        RETRIED = "retried"
        DISCARDED = "discarded"
        REPLACED = "replaced"
        """An edited copy is handled in its place."""

    id = models.BigAutoField(primary_key=True)
    consumer = models.CharField(max_length=100, db_collation="C")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=255, db_collation="C")
    topic = models.CharField(max_length=249, db_collation="C")
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    key = models.BinaryField(null=True)
    headers = JSONTextField(help_text="Pairs of name and value; a value that is not text is base64.")
    body = models.BinaryField(null=True)
    message_timestamp = models.BigIntegerField(null=True, help_text="Milliseconds since 1970 (UTC).")
    exception = models.CharField(max_length=255)
    message = models.TextField()
    frame = models.CharField(max_length=500, help_text="Where in our own code it happened.")
    failure_group = models.CharField(max_length=16, help_text="The same for failures of one kind at one place.")
    attempts = models.IntegerField()
    first_failed_at = models.DateTimeField(db_default=Now())
    last_failed_at = models.DateTimeField(db_default=Now())
    status = models.CharField(max_length=10, choices=Status, db_default=Status.OPEN)
    archived_at = models.DateTimeField(null=True, help_text="Since when it is left out of lists.")
    edited_from = models.OneToOneField(
        "self", null=True, on_delete=models.CASCADE, related_name="edited_copy", help_text="The dead letter as it came."
    )
    dlq_published_at = models.DateTimeField(null=True, help_text="When its copy was on the dead-letter topic.")
    dlq_error = models.TextField(null=True, help_text="Why it can have no copy there.")  # noqa: DJ001 - no error is not an empty one

    class Meta:
        db_table = "dead_letters"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["consumer", "event_id"], name="dead_letters_once")]
        indexes = [
            models.Index(fields=["failure_group", "-id"], condition=Q(status="open"), name="dead_letters_open"),
            models.Index(
                fields=["id"],
                condition=Q(dlq_published_at=None, dlq_error=None, edited_from=None),
                name="dead_letters_unpublished",
            ),
            # Not the key itself, which may be longer than an index takes.
            models.Index(
                *("consumer", "topic", "partition", MD5("key"), "offset"),
                condition=Q(status__in=["open", "retrying"]),
                name="dead_letters_holding",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


class DeadLetterOperation(Operation):
    """Something that an operator has asked to be done to dead letters: what, to which, who, why, and how far it is."""

    class Verb(models.TextChoices):
        """What is done to each dead letter."""

        RETRY = "retry"
        DISCARD = "discard"
        ARCHIVE = "archive"

    id = models.BigAutoField(primary_key=True)
    verb = models.CharField(max_length=10, choices=Verb)
    filter = models.JSONField(help_text="Which dead letters it is for; see outbox.dead_letters.selection.")
    rate = models.FloatField(null=True, help_text="Dead letters retried in a second, at most.")
    total = models.IntegerField(
        db_default=0, help_text="Dead letters that it was begun with, and those enqueued behind them."
    )
    failed = models.IntegerField(db_default=0, help_text="Dead letters that could not be handled this time either.")
    skipped = models.IntegerField(
        db_default=0, help_text="Dead letters that had changed meanwhile, or stand behind one of their key that failed."
    )
    next_at = models.DateTimeField(null=True, help_text="When its rate allows the next dead letter.")

    class Meta:
        db_table = "dead_letter_operations"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["queued", "running"]), name="dead_letter_operations_live"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"

    @property
    def pending(self) -> int:
        """Dead letters that are still to come."""
        return self.total - self.done - self.failed - self.skipped if self.is_live else 0


class OperationItem(models.Model):
    """One dead letter of an operation. Ids rise in the order in which they are dealt with."""

    class State(models.TextChoices):
        """What has become of the dead letter in this operation."""

        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"
        BLOCKED = "held"
        """Not tried, because one before it of its key failed, or is open and blocks its key."""
        SKIPPED = "skipped"
        """Not tried, because the dead letter had changed meanwhile."""
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(DeadLetterOperation, on_delete=models.CASCADE, related_name="items")
    dead_letter = models.ForeignKey(
        DeadLetter, on_delete=models.CASCADE, related_name="operation_items", db_column="letter_id"
    )
    key_order = models.CharField(  # noqa: DJ001 - dead letters without a key have no order
        max_length=32,
        null=True,
        db_column="lane",
        db_collation="C",
        help_text="The same for dead letters whose order is kept.",
    )
    state = models.CharField(max_length=10, choices=State, db_default=State.PENDING)

    class Meta:
        db_table = "dead_letter_operation_items"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["operation", "id"], condition=Q(state="pending"), name="operation_items_pending"),
            models.Index(fields=["key_order", "operation"], condition=Q(state="pending"), name="operation_items_lanes"),
        ]

    def __str__(self) -> str:
        return f"dead letter {self.dead_letter_id} of operation {self.operation_id}"
