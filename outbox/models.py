"""Which tables do the outbox and its consumers have? The models serve the admin and low-rate queries; see `sql/`."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from events.fields import JSONTextField


class OutboxQuerySet(models.QuerySet["OutboxEvent"]):
    """Rows by their state."""

    def pending(self) -> "OutboxQuerySet":
        """Neither published nor discarded; waiting and dead ones included."""
        return self.filter(published=False, discarded_at=None)

    def dead(self) -> "OutboxQuerySet":
        """Given up, and holding their key until an operator decides."""
        return self.pending().filter(dead_at__isnull=False)

    def waiting(self) -> "OutboxQuerySet":
        """Failed before, and tried again later."""
        return self.pending().filter(dead_at=None, next_attempt_at__isnull=False)

    def stuck(self) -> "OutboxQuerySet":
        """Dead or waiting."""
        return self.pending().filter(Q(dead_at__isnull=False) | Q(next_attempt_at__isnull=False))

    def in_state(self, state: str) -> "OutboxQuerySet":
        """Those of which `OutboxEvent.state` says this."""
        match state:
            case "published":
                return self.filter(published=True)
            case "discarded":
                return self.filter(discarded_at__isnull=False)
            case "dead":
                return self.dead()
            case "waiting":
                return self.waiting()
            case _:
                return self.pending().filter(dead_at=None, next_attempt_at=None)


class OutboxEvent(models.Model):
    """An event that is on its way to its topic, or was.

    A row that fails holds back the later rows of its key on its topic, and those only: while it waits for its next
    attempt, and once it is dead until an operator retries or discards it.

    Debezium's outbox event router can take the relay's place, with these settings:
    `table.field.event.id=event_id`, `table.field.event.key=partition_key`, `table.field.event.type=event_type`,
    `table.field.event.payload=payload`, `route.by.field=topic`, `route.topic.replacement=${routedByValue}`,
    `table.op.invalid.behavior=warn`, and `table.fields.additional.placement=event_id:header,event_type:header,
    aggregate_id:header,aggregate_type:header,version:header,schema_version:header,correlation_id:header,
    causation_id:header,source_service:header,user_id:header`.
    """

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    position = models.BigIntegerField(help_text="Place of the event in the log.")
    aggregate_type = models.CharField(max_length=100, db_collation="C")
    aggregate_id = models.CharField(max_length=255, db_collation="C")
    version = models.BigIntegerField()
    event_type = models.CharField(max_length=100, db_collation="C")
    schema_version = models.IntegerField()
    source_service = models.CharField(max_length=50)
    topic = models.CharField(max_length=249, db_collation="C")
    partition_key = models.TextField(db_collation="C", help_text="Messages of one key keep their order.")
    shard = models.SmallIntegerField(help_text="crc32 of the key modulo 64; one relay at a time owns a shard.")
    payload = JSONTextField()
    metadata = JSONTextField()
    correlation_id = models.UUIDField(null=True)
    causation_id = models.UUIDField(null=True)
    user_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 - "nobody" is not an empty name
    timestamp = models.DateTimeField(help_text="When it happened.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When the row was written.")
    published = models.BooleanField(db_default=False)
    published_at = models.DateTimeField(null=True)
    retry_count = models.IntegerField(db_default=0, help_text="How often the broker has refused it.")
    next_attempt_at = models.DateTimeField(null=True, help_text="Not before; set once it has failed.")
    dead_at = models.DateTimeField(null=True, help_text="When it was given up.")
    discarded_at = models.DateTimeField(null=True, help_text="When an operator decided never to publish it.")
    last_error = models.TextField(null=True)  # noqa: DJ001 - no error is not an empty message

    objects = OutboxQuerySet.as_manager()

    class Meta:
        db_table = "outbox_events"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(published=False, discarded_at=None) | Q(dead_at=None, next_attempt_at=None),
                name="outbox_events_done_rows_hold_nothing",
            )
        ]
        indexes = [
            # Position first, so that a pass reads in order and stops at its limit; the shard is checked in the index.
            models.Index(
                fields=["position", "shard"],
                condition=Q(published=False, discarded_at=None),
                name="outbox_events_pending",
            ),
            # Its condition does not follow from that of the other, so that the planner can't take the large one for it.
            models.Index(
                fields=["topic", "partition_key", "position"],
                condition=Q(dead_at__isnull=False) | Q(next_attempt_at__isnull=False),
                name="outbox_events_holding",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"

    @property
    def state(self) -> str:
        """Where it is on its way: `published`, `discarded`, `dead`, `waiting` or `pending`."""
        if self.published:
            return "published"
        if self.discarded_at:
            return "discarded"
        if self.dead_at:
            return "dead"
        return "waiting" if self.next_attempt_at else "pending"


class InboxEntry(models.Model):
    """The mark that a message has had its effect on a consumer."""

    consumer = models.CharField(max_length=100, db_collation="C")
    event_id = models.UUIDField()
    processed_at = models.DateTimeField(db_default=Now())

    pk = models.CompositePrimaryKey("consumer", "event_id")

    class Meta:
        db_table = "inbox"
        # Finds the pages with old entries for next to nothing per insert; a B-tree would be felt by every consumer.
        indexes = [BrinIndex(fields=["processed_at"], autosummarize=True, pages_per_range=32, name="inbox_by_time")]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


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
        "self", null=True, on_delete=models.CASCADE, related_name="edited_copy", help_text="The letter as it came."
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
                fields=["consumer", "topic", "partition"],
                condition=Q(status__in=["open", "retrying"]),
                name="dead_letters_holding",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


class ForeignEvent(models.Model):
    """An event of another service, as it was received by one that listens to it."""

    service = models.CharField(max_length=100, db_collation="C", help_text="Who listens.")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=255, db_collation="C")
    schema_version = models.IntegerField()
    source_service = models.CharField(max_length=255, null=True)  # noqa: DJ001 - a message need not say
    aggregate_type = models.CharField(max_length=255, db_collation="C")
    aggregate_id = models.CharField(max_length=255, null=True, db_collation="C")  # noqa: DJ001
    version = models.BigIntegerField(null=True, help_text="Place in the other service's stream.")
    timestamp = models.DateTimeField(help_text="When it happened.")
    correlation_id = models.UUIDField(null=True)
    causation_id = models.UUIDField(null=True)
    user_id = models.CharField(max_length=255, null=True)  # noqa: DJ001
    payload = JSONTextField()
    received_at = models.DateTimeField(db_default=Now())

    pk = models.CompositePrimaryKey("service", "event_id")

    class Meta:
        db_table = "foreign_events"
        indexes = [
            models.Index(
                fields=["service", "aggregate_type", "aggregate_id", "version"], name="foreign_events_by_aggregate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.event_type} {self.event_id}"


class ConsumerControl(models.Model):
    """What an operator has decided about a consumer group, or about a part of what it consumes."""

    class Verb(models.TextChoices):
        """What it does."""

        PAUSE = "pause"
        DRAIN = "drain"

    id = models.BigAutoField(primary_key=True)
    consumer = models.CharField(max_length=100, db_collation="C")
    topic = models.CharField(max_length=249, db_collation="C", default="", help_text="Empty for all topics.")
    partition = models.IntegerField(null=True, help_text="Empty for all partitions.")
    verb = models.CharField(max_length=10, choices=Verb)
    actor = models.CharField(max_length=255)
    reason = models.TextField(default="")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "consumer_controls"
        ordering = ["consumer", "topic", "partition"]
        constraints = [
            models.UniqueConstraint(
                fields=["consumer", "topic", "partition"], nulls_distinct=False, name="consumer_controls_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.consumer} {self.topic} {'' if self.partition is None else self.partition}".strip()


class ProcessHeartbeat(models.Model):
    """The sign of life of a loop in some process."""

    name = models.CharField(max_length=100, db_collation="C")
    host = models.CharField(max_length=255, db_collation="C")
    pid = models.IntegerField()
    seen_at = models.DateTimeField(db_default=Now())
    detail = models.JSONField()

    pk = models.CompositePrimaryKey("name", "host", "pid")

    class Meta:
        db_table = "process_heartbeats"

    def __str__(self) -> str:
        return f"{self.name} at {self.host}:{self.pid}"


class DeadLetterOperation(models.Model):
    """Something that an operator has asked to be done to dead letters: what, to which, who, why, and how far it is."""

    class Verb(models.TextChoices):
        """What is done to each letter."""

        RETRY = "retry"
        DISCARD = "discard"
        ARCHIVE = "archive"

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    verb = models.CharField(max_length=10, choices=Verb)
    filter = models.JSONField(help_text="Which letters were meant; see outbox.letter_filters.")
    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    rate = models.FloatField(null=True, help_text="Most letters retried in a second.")
    state = models.CharField(max_length=10, choices=State, db_default=State.QUEUED)
    total = models.IntegerField(db_default=0, help_text="Letters that it was begun with.")
    done = models.IntegerField(db_default=0)
    failed = models.IntegerField(db_default=0, help_text="Letters that could not be handled this time either.")
    skipped = models.IntegerField(
        db_default=0, help_text="Letters that had changed meanwhile, or stand behind one of their key that failed."
    )
    error = models.TextField(blank=True, db_default="", help_text="What the operation itself ended with.")
    request_id = models.UUIDField(null=True, unique=True, help_text="Makes a repeated request harmless.")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="When its rate allows the next letter.")
    finished_at = models.DateTimeField(null=True)

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
    def is_live(self) -> bool:
        """Whether there is something left to do."""
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def pending(self) -> int:
        """Letters whose turn has not come."""
        return self.total - self.done - self.failed - self.skipped if self.is_live else 0


class OperationItem(models.Model):
    """One letter of an operation. Ids rise in the order in which the letters are dealt with."""

    class State(models.TextChoices):
        """What has become of the letter in this operation."""

        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"
        HELD = "held"
        """Not tried, because one before it of its key failed."""
        SKIPPED = "skipped"
        """Not tried, because the letter had changed meanwhile."""
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(DeadLetterOperation, on_delete=models.CASCADE, related_name="items")
    letter = models.ForeignKey(DeadLetter, on_delete=models.CASCADE, related_name="operation_items")
    lane = models.CharField(  # noqa: DJ001 - letters without an order have no lane
        max_length=32, null=True, db_collation="C", help_text="The same for letters whose order is kept."
    )
    state = models.CharField(max_length=10, choices=State, db_default=State.PENDING)

    class Meta:
        db_table = "dead_letter_operation_items"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["operation", "id"], condition=Q(state="pending"), name="operation_items_pending"),
            models.Index(fields=["lane", "operation"], condition=Q(state="pending"), name="operation_items_lanes"),
        ]

    def __str__(self) -> str:
        return f"letter {self.letter_id} of operation {self.operation_id}"


class OutboxAction(models.Model):
    """What an operator has done to an outbox row. It outlives the row."""

    id = models.BigAutoField(primary_key=True)
    row_id = models.BigIntegerField()
    event_id = models.UUIDField()
    verb = models.CharField(max_length=10)
    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    before = models.JSONField(help_text="What was changed, as it was.")
    after = models.JSONField(help_text="What was changed, as it is.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "outbox_actions"
        ordering = ["-id"]
        indexes = [models.Index(fields=["row_id"], name="outbox_actions_of_row")]

    def __str__(self) -> str:
        return f"{self.verb} {self.event_id}"
