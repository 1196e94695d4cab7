"""Tables of the projection engine: how far each projection has come."""

from django.db import models


class ProjectionCheckpoint(models.Model):
    """How far a projection has come, and what keeps it from going on."""

    class Status(models.TextChoices):
        """What the engine does with the projection."""

        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        FAILED = "failed", "Failed"

    name = models.CharField(max_length=100, primary_key=True)
    version = models.PositiveIntegerField(help_text="Version of the projection's code that filled its tables.")
    position = models.BigIntegerField(default=0, help_text="Every event of the log up to here is in the tables.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    failed_position = models.BigIntegerField(null=True, blank=True, help_text="Position of the event that failed.")
    failed_event_id = models.UUIDField(null=True, blank=True, help_text="The event that failed.")
    error = models.TextField(blank=True, default="", help_text="What the last attempt at that event ended with.")
    attempts = models.PositiveIntegerField(default=0, help_text="How often that event has failed in a row.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="When it will be tried again.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "projection_checkpoints"
        ordering = ["name"]
        verbose_name = "projection"
        permissions = [
            ("operate_projection", "Can pause and resume projections"),
            ("rebuild_projection", "Can empty and refill projections"),
        ]

    def __str__(self) -> str:
        return self.name
