"""Restore models: how far groups have handled what the broker has, and which database it is that says so."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ConsumerPosition(models.Model):
    """Up to where a group has handled a partition. It is written before the broker is told, so the broker never knows
    more, unless the database was set back."""

    consumer = models.CharField(max_length=100, db_collation="C")
    topic = models.CharField(max_length=249, db_collation="C")
    partition = models.IntegerField()
    topic_id = models.CharField(max_length=50, db_collation="C", help_text="One made anew has another.")
    position = models.BigIntegerField(help_text="The next offset that the group has not handled.")
    recorded_at = models.DateTimeField(db_default=Now())

    pk = models.CompositePrimaryKey("consumer", "topic", "partition")

    class Meta:
        db_table = "consumer_positions"

    def __str__(self) -> str:
        return f"{self.consumer} {self.topic}[{self.partition}] {self.position}"


class DatabaseIdentity(models.Model):
    """Which database this was when it was last known to be up to date: a restored copy of it is another one."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    identity = models.CharField(max_length=100, db_collation="C")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "database_identity"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="database_identity_is_one")]

    def __str__(self) -> str:
        return self.identity
