"""Saga state: one row a running or finished saga."""

from django.db import models
from django.db.models.functions import Now


class SagaState(models.Model):
    """One running or finished saga."""

    saga_id = models.UUIDField(primary_key=True)
    saga_type = models.CharField(max_length=100)
    current_step = models.CharField(max_length=100)
    state = models.JSONField()
    started_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error_message = models.TextField(null=True)  # noqa: DJ001 - no error is not an empty message

    class Meta:
        db_table = "saga_state"
        indexes = [
            models.Index(fields=["saga_type"], name="idx_saga_type"),
            models.Index(fields=["completed_at", "failed_at"], name="idx_saga_status"),
        ]

    def __str__(self) -> str:
        return f"{self.saga_type} {self.saga_id}"
