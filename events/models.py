"""Tables of the event store. The models serve the admin and low-rate queries; hot paths use `sql/`."""

import json
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.db.models.lookups import Exact

from events.codec.pipeline import load
from events.envelope import StreamId
from events.envelope_columns import EnvelopeColumns
from kit.json.field import JSONTextField


class DomainEvent(EnvelopeColumns):
    """An event; append-only by the database's own triggers."""

    position = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(db_default=Now(), help_text="When it was recorded.")
    payload = JSONTextField(null=True, help_text="Where the encoding is json.")
    content_hash = models.BinaryField()
    encoding = models.CharField(max_length=50, db_default="json", help_text="How the payload is stored.")
    payload_bytes = models.BinaryField(null=True, help_text="The payload in any other encoding.")

    class Meta:
        db_table = "domain_events"
        ordering = ["-position"]
        permissions = [("execute_command", "Can give aggregates commands in the console")]
        constraints = [
            models.UniqueConstraint(
                # By the id first, so that it also serves look-ups that do not know the type.
                fields=["aggregate_id", "aggregate_type", "version"],
                name="idx_events_aggregate",
            ),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="domain_events_version_from_1"),
            models.CheckConstraint(
                # As short as can be: PostgreSQL reads a condition anew for every statement, which an append feels.
                condition=Exact(
                    models.Func(
                        "payload", "payload_bytes", function="num_nonnulls", output_field=models.IntegerField()
                    ),
                    1,
                ),
                name="domain_events_one_payload",
            ),
        ]
        indexes = [
            models.Index(fields=["event_type", "position"], name="idx_events_type"),
            # The position is part of each, so that pages can begin after any of many events with one time or id.
            models.Index(fields=["timestamp", "position"], name="idx_events_timestamp"),
            models.Index(fields=["correlation_id", "position"], name="idx_events_correlation"),
            models.Index(
                fields=["causation_id", "position"],
                name="idx_events_causation",
                condition=models.Q(causation_id__isnull=False),
            ),
            models.Index(
                fields=["user_id", "position"], name="idx_events_user", condition=models.Q(user_id__isnull=False)
            ),
            # One entry a stream: what a list of streams walks.
            models.Index(
                fields=["aggregate_type", "aggregate_id"], name="idx_events_first", condition=models.Q(version=1)
            ),
        ]

    @property
    def stream(self) -> StreamId:
        """The stream that the event belongs to."""
        return StreamId(self.aggregate_type, self.aggregate_id)

    @property
    def payload_data(self) -> Any:
        """The payload as a JSON value, however it is stored."""
        if self.payload_bytes is None:
            return self.payload
        return json.loads(load(self.encoding, bytes(self.payload_bytes)))


class AggregateSnapshot(models.Model):
    """The state of an aggregate at a version, so that a load needs not begin at the first event."""

    aggregate_type = models.CharField(max_length=100, db_collation="C")
    aggregate_id = models.CharField(max_length=255, db_collation="C")
    version = models.BigIntegerField()
    fold_version = models.IntegerField(default=0, help_text="Version of the code that folded the events.")
    fold = models.CharField(
        max_length=64, default="", help_text="Hash over all that the state depends on beside events."
    )
    codec = models.CharField(max_length=20, default="json", help_text="How the state is written.")
    data = JSONTextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "aggregate_snapshots"
        permissions = [("operate_aggregatesnapshot", "Can rebuild and delete snapshots")]
        constraints = [
            models.UniqueConstraint(
                fields=["aggregate_id", "aggregate_type", "version"], name="idx_snapshots_aggregate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.aggregate_type}/{self.aggregate_id} at {self.version}"


class StreamMetadata(models.Model):
    """What is said about a stream: its title, how much of it readers see, whether it is archived or closed for ever."""

    aggregate_type = models.CharField(max_length=100, db_collation="C")
    aggregate_id = models.CharField(max_length=255, db_collation="C")
    title = models.CharField(max_length=255, null=True)  # noqa: DJ001 - "untitled" is not an empty title
    max_age = models.DurationField(null=True, help_text="Readers of the stream see no older events.")
    max_count = models.BigIntegerField(null=True, help_text="Readers of the stream see that many of its last events.")
    archived_at = models.DateTimeField(null=True, help_text="Since when it is left out of lists.")
    tombstoned_at = models.DateTimeField(null=True, help_text="Since when it takes no events any more.")
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    updated_by = models.CharField(max_length=255, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "stream_metadata"
        ordering = ["-updated_at"]
        verbose_name_plural = "stream metadata"
        constraints = [
            models.UniqueConstraint(fields=["aggregate_id", "aggregate_type"], name="stream_metadata_stream"),
            models.CheckConstraint(condition=models.Q(max_count__gte=1), name="stream_metadata_count_from_1"),
            models.CheckConstraint(condition=models.Q(max_age__gt=timedelta(0)), name="stream_metadata_age_above_0"),
        ]

    def __str__(self) -> str:
        return str(self.stream)

    @property
    def stream(self) -> StreamId:
        """The stream that this is about."""
        return StreamId(self.aggregate_type, self.aggregate_id)


class EventImport(models.Model):
    """How far the import of a file is; written in the transaction of each batch, so that it is always true."""

    key = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 over the file and its map.")
    source = models.CharField(max_length=255, help_text="The file's name.")
    rows = models.BigIntegerField(default=0, help_text="Rows that are done with.")
    appended = models.BigIntegerField(default=0)
    known = models.BigIntegerField(default=0, help_text="Rows whose events were there already.")
    rejected = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "event_imports"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return self.source
