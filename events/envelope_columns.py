"""Envelope columns: the columns that every table of events has, as an abstract model.

Hot paths know them from `events.envelope.Envelope`; a test holds the two together.
"""

from django.db import models

from kit.json.field import JSONTextField


class EnvelopeColumns(models.Model):
    """The envelope of an event and its version; a table adds its payload in the form in which it keeps it."""

    event_id = models.UUIDField(unique=True)
    event_type = models.CharField(max_length=100, db_collation="C")
    schema_version = models.IntegerField()
    source_service = models.CharField(max_length=50)
    aggregate_type = models.CharField(max_length=100, db_collation="C")
    aggregate_id = models.CharField(max_length=255, db_collation="C")
    version = models.BigIntegerField()
    timestamp = models.DateTimeField(help_text="When it happened.")
    correlation_id = models.UUIDField(null=True)
    causation_id = models.UUIDField(null=True)
    user_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 - "nobody" is not an empty name
    metadata = JSONTextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"
