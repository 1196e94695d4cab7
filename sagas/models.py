"""Saga tables: instances as they are, every transition that they have made, their timers, and operations on many."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from kit.operations import LIVE, Operation
from sagas.machine.instance import Status

_ENDS = [status.value for status in Status if status.is_end]


class SagaState(models.Model):
    """One instance, running or finished."""

    saga_id = models.UUIDField(primary_key=True)
    saga_type = models.CharField(max_length=100, db_collation="C", help_text="The definition's name.")
    key = models.CharField(max_length=255, db_collation="C", help_text="What its events name it by, such as an order.")
    shape = models.CharField(max_length=16, help_text="Of the definition that it began with.")
    status = models.CharField(max_length=20, db_collation="C")
    current_step = models.CharField(max_length=100, blank=True, help_text="The first step that is not passed.")
    state = models.JSONField(help_text="Data, steps, and replies that have come early.")
    version = models.BigIntegerField(help_text="Transitions that it has made.")
    correlation_id = models.UUIDField(null=True, help_text="The conversation that it began in.")
    started_at = models.DateTimeField(db_default=Now(), help_text="When it was first heard of.")
    updated_at = models.DateTimeField(db_default=Now(), help_text="When it last made a transition.")
    completed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True, help_text="When it ended otherwise.")
    error_message = models.TextField(null=True)  # noqa: DJ001 - no error is not an empty message

    class Meta:
        db_table = "saga_state"
        verbose_name = "saga"
        verbose_name_plural = "sagas"
        permissions = [("operate_sagastate", "Can retry, skip, edit, compensate, resume and give up sagas")]
        constraints = [models.UniqueConstraint(fields=["saga_type", "key"], name="saga_state_one_of_a_key")]
        indexes = [
            models.Index(fields=["saga_type"], name="idx_saga_type"),
            models.Index(fields=["completed_at", "failed_at"], name="idx_saga_status"),
            models.Index(
                fields=["status", "updated_at"],
                condition=~Q(status__in=_ENDS),
                name="saga_state_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.saga_type} {self.key}"


class SagaTransition(models.Model):
    """What an instance has made of one event, timer or operator. It is never changed."""

    id = models.BigAutoField(primary_key=True)
    saga_id = models.UUIDField()
    number = models.BigIntegerField(help_text="1, 2, 3 … of the instance.")
    at = models.DateTimeField()
    cause = models.CharField(max_length=10, help_text="`event`, `timer` or `operator`.")
    cause_id = models.UUIDField(null=True, help_text="The event, where it was one.")
    cause_type = models.CharField(max_length=100, help_text="Type of the event, purpose of the timer, or verb.")
    cause_event = models.JSONField(null=True, help_text="The event, where the log of this database does not have it.")
    status = models.CharField(max_length=20, help_text="Where the instance stood afterwards.")
    steps = models.JSONField(help_text="What became of its steps.")
    changes = models.JSONField(help_text="What changed in its data.")
    requests = models.JSONField(help_text="What went out: id, type and step.")
    actor = models.CharField(max_length=255, blank=True, help_text="Who did it, where it was an operator.")
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "saga_transitions"
        constraints = [models.UniqueConstraint(fields=["saga_id", "number"], name="saga_transitions_number")]
        indexes = [
            models.Index(fields=["cause_id"], name="saga_transitions_cause", condition=models.Q(cause_id__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.saga_id} {self.number}"


class SagaTimer(models.Model):
    """When a step of an instance is to be looked at again."""

    id = models.BigAutoField(primary_key=True)
    saga_id = models.UUIDField()
    step = models.CharField(max_length=100, db_collation="C")
    purpose = models.CharField(max_length=20)
    attempt = models.IntegerField(help_text="The attempt that it belongs to.")
    due_at = models.DateTimeField()

    class Meta:
        db_table = "saga_timers"
        constraints = [models.UniqueConstraint(fields=["saga_id", "step"], name="saga_timers_one_a_step")]
        indexes = [models.Index(fields=["due_at"], name="saga_timers_due")]

    def __str__(self) -> str:
        return f"{self.saga_id} {self.step}"


class SagaOperation(Operation):
    """What an operator has asked to be done to many instances, and how far it is."""

    id = models.BigAutoField(primary_key=True)
    verb = models.CharField(max_length=20)
    filter = models.JSONField(help_text="Which instances it is for; see sagas.operating.selection.")
    arguments = models.JSONField(help_text="What the verb needs to know, such as the step.")
    rate = models.FloatField(help_text="Instances in a second, at most.")
    total = models.IntegerField(db_default=0, help_text="Instances that it was begun with.")
    refused = models.IntegerField(db_default=0, help_text="Instances whose state did not allow it, or that were gone.")
    next_at = models.DateTimeField(null=True, help_text="When its rate allows the next instance.")

    class Meta:
        db_table = "saga_operations"
        verbose_name = "operation on sagas"
        verbose_name_plural = "operations on sagas"
        indexes = [models.Index(fields=["id"], condition=Q(state__in=LIVE), name="saga_operations_live")]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"

    @property
    def pending(self) -> int:
        """Instances that are still to come."""
        return self.total - self.done - self.refused if self.is_live else 0


class SagaOperationItem(models.Model):
    """One instance of an operation. Ids rise in the order in which they are dealt with."""

    class State(models.TextChoices):
        """What has become of the instance in this operation."""

        PENDING = "pending"
        DONE = "done"
        REFUSED = "refused"

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(SagaOperation, on_delete=models.CASCADE, related_name="items", db_index=False)
    saga_id = models.UUIDField()
    key = models.CharField(max_length=255, db_collation="C", help_text="The instance's.")
    state = models.CharField(max_length=10, choices=State, db_default=State.PENDING)
    why_not = models.TextField(blank=True, db_default="", help_text="Why it was refused.")

    class Meta:
        db_table = "saga_operation_items"
        indexes = [models.Index(fields=["operation", "state", "id"], name="saga_operation_items_next")]

    def __str__(self) -> str:
        return f"saga {self.saga_id} of operation {self.operation_id}"
