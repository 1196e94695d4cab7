"""Outbox-row models: events to be published, published or discarded, and what operators did about them."""

from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.functional import cached_property
from msgspec import Struct

from events.envelope_columns import EnvelopeColumns
from kit.json.field import JSONTextField
from outbox.sql.statements import statement


class Body(Struct, frozen=True, kw_only=True):
    """What an event says, and what is known beside; both None when neither row nor log has it."""

    payload: Any
    metadata: Any


class OutboxQuerySet(models.QuerySet["OutboxEvent"]):
    """Rows by their state."""

    def pending(self) -> "OutboxQuerySet":
        """Neither published nor discarded; waiting and dead ones included."""
        return self.filter(published=False, discarded_at=None)

    def to_publish(self) -> "OutboxQuerySet":
        """Neither published nor given up; waiting ones included."""
        return self.pending().filter(dead_at=None)

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


class OutboxEvent(EnvelopeColumns):
    """An event that is on its way to its topic, or was.

    A row that fails holds back the later rows of its key on its topic, and those only: while it waits for its next
    attempt, and once it is dead until an operator retries or discards it.

    Debezium's outbox event router can take the relay's place, with these settings:
    `table.field.event.id=event_id`, `table.field.event.key=partition_key`, `table.field.event.type=event_type`,
    `table.field.event.payload=payload`, `route.by.field=topic`, `route.topic.replacement=${routedByValue}`,
    `table.op.invalid.behavior=warn`, and `table.fields.additional.placement=event_id:header,event_type:header,
    aggregate_id:header,aggregate_type:header,version:header,schema_version:header,correlation_id:header,
    causation_id:header,source_service:header,user_id:header`. It reads the table alone, so that rows must have their
    payload (`NOVA_OUTBOX_BODY`, as it is by default).
    """

    id = models.BigAutoField(primary_key=True)
    position = models.BigIntegerField(help_text="Place of the event in the log.")
    topic = models.CharField(max_length=249, db_collation="C")
    partition_key = models.TextField(db_collation="C", help_text="Messages of one key keep their order.")
    shard = models.SmallIntegerField(help_text="crc32 of the key modulo 64; one relay at a time owns a shard.")
    metadata = JSONTextField(null=True)
    payload = JSONTextField(null=True, help_text="Null where the log has it; see `body`.")
    created_at = models.DateTimeField(db_default=Now(), help_text="When the row was written.")
    published = models.BooleanField(db_default=False)
    published_at = models.DateTimeField(null=True)
    published_partition = models.IntegerField(null=True, help_text="Where its message lies, if the broker has told.")
    published_offset = models.BigIntegerField(null=True, help_text="Where it lies in the partition.")
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
                name="idx_outbox_unpublished",
            ),
            # Its condition does not follow from that of the other, so that the planner can't take the large one for it.
            models.Index(
                fields=["topic", "partition_key", "position"],
                condition=Q(dead_at__isnull=False) | Q(next_attempt_at__isnull=False),
                name="outbox_events_holding",
            ),
        ]

    @cached_property
    def body(self) -> Body:
        """Payload and metadata, from the row or, where it leaves them to the log, from there."""
        if self.payload is not None:
            return Body(payload=self.payload, metadata=self.metadata)
        with connection.cursor() as cursor:
            cursor.execute(statement("referenced_body"), {"position": self.position})
            payload, metadata = cursor.fetchone() or (None, None)
        return Body(payload=payload, metadata=metadata)

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
