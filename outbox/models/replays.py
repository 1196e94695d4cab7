"""Replay model: events of the log that an operator has given to one handler again, and how far that is."""

from django.db import models

from kit.operations import Operation


class HandlerReplay(Operation):
    """Events of the log, from a time on, for one handler of a group: which, why, who wants it, how far."""

    id = models.BigAutoField(primary_key=True)
    consumer = models.CharField(max_length=100, db_collation="C")
    handler = models.CharField(max_length=255, db_collation="C")
    since = models.DateTimeField(help_text="Events that happened at this time or later.")
    until = models.DateTimeField(null=True, help_text="Events that happened before this time.")
    again = models.BooleanField(db_default=False, help_text="Also what the handler has had, though it may do harm.")
    effects = models.BooleanField(db_default=False, help_text="With effects on others than the handler's own tables.")
    position = models.BigIntegerField(db_default=0, help_text="Up to where in the log it has come.")
    target = models.BigIntegerField(help_text="Up to where the log could be read when it was begun.")
    passed_over = models.IntegerField(
        db_default=0, help_text="Events that the group has not had yet, which come by themselves."
    )

    class Meta:
        db_table = "handler_replays"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.consumer}/{self.handler} {self.pk}"
