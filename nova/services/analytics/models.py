"""Read models of analytics: counts by day and by hour, of each type, and what users did."""

from django.db import models

from nova.services.columns import id_field


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


class HourlyEventCount(models.Model):
    """How many events of a type happened in an hour (UTC); owned by the group `analytics-service`."""

    pk = models.CompositePrimaryKey("hour", "event_type")
    hour = models.DateTimeField(help_text="When it began.")
    event_type = models.CharField(max_length=100, db_collation="C")
    count = models.BigIntegerField()

    class Meta:
        db_table = "analytics_hourly_counts"
        ordering = ["hour", "event_type"]
        indexes = [models.Index(fields=["event_type", "hour"], name="analytics_hours_of_type")]

    def __str__(self) -> str:
        return f"{self.hour.isoformat()} {self.event_type}: {self.count}"


class UserDay(models.Model):
    """How much a user did on a day (UTC); filled by the projection `user-activity`."""

    pk = models.CompositePrimaryKey("user_id", "day")
    user_id = id_field()
    day = models.DateField()
    events = models.BigIntegerField(help_text="Posts, comments, likes, shares and follows.")

    class Meta:
        db_table = "analytics_user_days"

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}: {self.events}"


class UserActivity(models.Model):
    """What a user has done in all: an incremental view of the days, of the projection `user-activity`."""

    user_id = id_field(primary_key=True)
    first_day = models.DateField()
    last_day = models.DateField()
    active_days = models.BigIntegerField()
    events = models.BigIntegerField()

    class Meta:
        db_table = "analytics_user_activity"
        verbose_name_plural = "user activity"
        indexes = [models.Index(fields=["-events", "user_id"], name="analytics_most_active")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.events}"


class GoneUser(models.Model):
    """A user of whom nothing is counted any more; filled by the projection `user-activity`."""

    user_id = id_field(primary_key=True)

    class Meta:
        db_table = "analytics_gone_users"

    def __str__(self) -> str:
        return self.user_id
