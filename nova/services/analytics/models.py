"""Read model of analytics: counts by day and type."""

from django.db import models


class DailyEventCount(models.Model):
    """How many events of a type happened on a day (UTC); owned by the group `analytics-service`."""

    pk = models.CompositePrimaryKey("day", "event_type")
    day = models.DateField()
    event_type = models.CharField(max_length=100, db_collation="C")
    count = models.BigIntegerField()

    class Meta:
        db_table = "analytics_daily_events"
        ordering = ["day", "event_type"]

    def __str__(self) -> str:
        return f"{self.day} {self.event_type}: {self.count}"
