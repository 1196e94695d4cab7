"""Topic models: where the events of aggregate types go that no code names."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class TopicAssignment(models.Model):
    """The topic of an aggregate type that no code names: decided with its first event, and never changed."""

    name = models.CharField(
        primary_key=True, max_length=249, db_collation="C", help_text="The topic that it would have for itself."
    )
    topic = models.CharField(max_length=249, db_collation="C", help_text="The topic that it has.")
    assigned_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "topic_assignments"
        indexes = [models.Index(fields=["name"], condition=Q(topic=F("name")), name="topic_assignments_own")]

    def __str__(self) -> str:
        return f"{self.name} {self.topic}"
