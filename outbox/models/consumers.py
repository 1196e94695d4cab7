"""Consumer models: inbox entries, operators' decisions about consumer groups, and heartbeats of processes."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from kit.json.field import JSONTextField


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


class ExternalEvent(models.Model):
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


class ControlledScope(models.Model):
    """What somebody has said about a consumer group, or about a part of what it consumes, and why."""

    consumer = models.CharField(max_length=100, db_collation="C")
    topic = models.CharField(max_length=249, db_collation="C", default="", help_text="Empty for all topics.")
    partition = models.IntegerField(null=True, help_text="Empty for all partitions.")
    actor = models.CharField(max_length=255)
    reason = models.TextField(default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.consumer} {self.topic} {'' if self.partition is None else self.partition}".strip()


class ConsumerControl(ControlledScope):
    """What an operator has decided about a consumer group, or about a part of what it consumes."""

    class Verb(models.TextChoices):
        """What it does."""

        PAUSE = "pause"
        DRAIN = "drain"

    id = models.BigAutoField(primary_key=True)
    verb = models.CharField(max_length=10, choices=Verb)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "consumer_controls"
        # What the console shows under this name are the groups.
        verbose_name = "consumer"
        verbose_name_plural = "consumers"
        ordering = ["consumer", "topic", "partition"]
        constraints = [
            models.UniqueConstraint(
                fields=["consumer", "topic", "partition"], nulls_distinct=False, name="consumer_controls_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {super().__str__()}"


class ConsumerAction(ControlledScope):
    """What an operator has decided about a consumer group, or has taken back. It outlives the decision."""

    class Verb(models.TextChoices):
        """What was done."""

        PAUSE = "pause"
        RESUME = "resume"
        DRAIN = "drain"

    id = models.BigAutoField(primary_key=True)
    verb = models.CharField(max_length=10, choices=Verb)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "consumer_actions"
        ordering = ["-id"]
        indexes = [models.Index(fields=["consumer", "-id"], name="consumer_actions_of_group")]

    def __str__(self) -> str:
        return f"{self.verb} {super().__str__()}"


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
