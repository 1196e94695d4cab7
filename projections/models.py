"""Tables of the projection engine: how far each projection is, what it left behind, and what operators did.

It has more than 200 lines because all tables of the app stand here, each column with what it means.
"""

from django.db import models


class Progress(models.Model):
    """How far something has come in the log, and what it failed at."""

    class Status(models.TextChoices):
        """What the engine does with it."""

        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        FAILED = "failed", "Failed"

    position = models.BigIntegerField(default=0, help_text="Every event of the log up to here is in the tables.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    failed_position = models.BigIntegerField(null=True, blank=True, help_text="Position of the event that failed.")
    failed_event_id = models.UUIDField(null=True, blank=True, help_text="The event that failed.")
    error = models.TextField(blank=True, default="", help_text="What the last attempt at that event ended with.")
    attempts = models.PositiveIntegerField(default=0, help_text="How often that event has failed in a row.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="When it will be tried again.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class ProjectionCheckpoint(Progress):
    """How far a projection has come, and what keeps it from going on; with several partitions, those know how far."""

    name = models.CharField(max_length=100, primary_key=True)
    version = models.PositiveIntegerField(help_text="Version of the projection's code that filled its tables.")
    # Counted here as well, so that a pass without any asks for none.
    parked = models.PositiveIntegerField(default=0, help_text="Aggregates that wait until an operator releases them.")
    effects_until = models.BigIntegerField(
        default=0, db_default=0, help_text="Events up to here have had their effects, whichever tables serve."
    )
    is_inline = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether appends apply its events themselves, as far as their processes know it.",
    )
    partitions = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many parts of the log it follows, each at a position of its own."
    )

    class Meta:
        db_table = "projection_checkpoints"
        ordering = ["name"]
        verbose_name = "projection"
        permissions = [
            ("operate_projection", "Can pause and resume projections, skip what fails and release what is parked"),
            ("rebuild_projection", "Can empty and refill projections, and move their checkpoints back"),
        ]

    def __str__(self) -> str:
        return self.name


class Place(models.TextChoices):
    """Which of a projection's sets of tables is meant: what one is without, another one may have."""

    SERVING = "serving", "The tables that serve"
    REBUILD = "rebuild", "Those that a rebuild fills"
    PREVIOUS = "previous", "Those that served before the last swap"


class ProjectionPartition(Progress):
    """How far one partition of several is, by hash of the aggregate, of a set of a projection's tables."""

    id = models.BigAutoField(primary_key=True)
    projection = models.CharField(max_length=100)
    place = models.CharField(
        max_length=8,
        choices=Place.choices,
        default=Place.SERVING,
        db_default=Place.SERVING,
        help_text="The tables that it is about.",
    )
    number = models.PositiveSmallIntegerField(help_text="From 0.")

    class Meta:
        db_table = "projection_partitions"
        constraints = [
            models.UniqueConstraint(fields=["projection", "place", "number"], name="projection_partitions_once")
        ]

    def __str__(self) -> str:
        return f"{self.projection} {self.number}"


class ParkedAggregate(models.Model):
    """An aggregate that waits, from the event on that could not be applied; what waits is its stream."""

    id = models.BigAutoField(primary_key=True)
    projection = models.CharField(max_length=100)
    place = models.CharField(
        max_length=8,
        choices=Place.choices,
        default=Place.SERVING,
        db_default=Place.SERVING,
        help_text="The tables that are without it.",
    )
    aggregate_type = models.CharField(max_length=100)
    aggregate_id = models.CharField(max_length=255)
    position = models.BigIntegerField(help_text="Of the event that failed, in the log.")
    version = models.BigIntegerField(help_text="Of the event that failed, in its stream.")
    event_id = models.UUIDField(help_text="The event that failed.")
    error = models.TextField(help_text="What the last attempt at it ended with.")
    attempts = models.PositiveIntegerField(help_text="How often it has failed.")
    parked_at = models.DateTimeField(help_text="Since when the aggregate waits.")

    class Meta:
        db_table = "projection_parked"
        constraints = [
            models.UniqueConstraint(
                fields=["projection", "place", "aggregate_type", "aggregate_id"], name="projection_parked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.aggregate_type}/{self.aggregate_id}"


class SkippedEvent(models.Model):
    """An event that a projection has left out, by its policy or because an operator said so."""

    id = models.BigAutoField(primary_key=True)
    projection = models.CharField(max_length=100)
    place = models.CharField(
        max_length=8,
        choices=Place.choices,
        default=Place.SERVING,
        db_default=Place.SERVING,
        help_text="The tables that are without it.",
    )
    position = models.BigIntegerField(help_text="Of the event, in the log.")
    event_id = models.UUIDField(help_text="The event.")
    error = models.TextField(help_text="What the last attempt at it ended with.")
    actor = models.CharField(max_length=255, blank=True, help_text="Who left it out; empty for the policy.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why, as the operator said.")
    skipped_at = models.DateTimeField()

    class Meta:
        db_table = "projection_skipped"
        constraints = [
            models.UniqueConstraint(fields=["projection", "place", "position"], name="projection_skipped_once")
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class AheadEvent(models.Model):
    """An event beyond the checkpoint that is in the tables already: its append has applied it inline."""

    id = models.BigAutoField(primary_key=True)
    projection = models.CharField(max_length=100)
    place = models.CharField(
        max_length=8,
        choices=Place.choices,
        default=Place.SERVING,
        db_default=Place.SERVING,
        help_text="The tables that have it.",
    )
    position = models.BigIntegerField(help_text="Of the event, in the log.")
    event_id = models.UUIDField(help_text="The event.")

    class Meta:
        db_table = "projection_ahead"
        constraints = [
            models.UniqueConstraint(fields=["projection", "place", "position"], name="projection_ahead_once")
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class ProjectionOperation(models.Model):
    """What an operator did to a projection, and why. It is never changed."""

    id = models.BigAutoField(primary_key=True)
    projection = models.CharField(max_length=100)
    verb = models.CharField(max_length=20)
    arguments = models.JSONField(help_text="What the verb was given beside the projection.")
    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "projection_operations"
        indexes = [models.Index(fields=["projection", "-id"], name="projection_operations_newest")]

    def __str__(self) -> str:
        return f"{self.verb} {self.projection}"


class ProjectionRebuild(models.Model):
    """A rebuild of a projection: tables beside those that serve, how far they are filled, and what became of them."""

    class State(models.TextChoices):
        """Where a rebuild stands."""

        FILLING = "filling", "Filling"
        CAUGHT_UP = "caught_up", "Caught up"
        FAILED = "failed", "Failed, and tried again"
        SWAPPED = "swapped", "Swapped, the previous tables are kept"
        ROLLED_BACK = "rolled_back", "Rolled back"
        DROPPED = "dropped", "Swapped, the previous tables are dropped"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.FILLING, State.CAUGHT_UP, State.FAILED)
    """It has tables that are filled."""

    id = models.BigAutoField(primary_key=True)
    projection = models.CharField(max_length=100)
    version = models.PositiveIntegerField(help_text="Version of the projection's code that fills the tables.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.FILLING)
    position = models.BigIntegerField(default=0, help_text="Every event of the log up to here is in its tables.")
    target = models.BigIntegerField(default=0, help_text="How far the log could be read when it last looked.")
    events = models.BigIntegerField(default=0, help_text="Events applied.")
    seconds = models.FloatField(default=0.0, help_text="Time that applying them has taken.")
    parked = models.PositiveIntegerField(
        default=0, help_text="Aggregates that its tables are without, from an event on."
    )
    skipped = models.PositiveIntegerField(default=0, help_text="Events that its tables are without.")
    partitions = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many workers can fill it at once, up to the target."
    )
    has_indexes = models.BooleanField(default=False, help_text="Whether the indexes are made that wait for the rows.")
    swaps = models.BooleanField(default=True, help_text="Whether its tables take over as soon as they have caught up.")
    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    heartbeat = models.DateTimeField(null=True, help_text="When a worker was last at it.")
    failed_position = models.BigIntegerField(null=True, help_text="Position of the event that holds it up.")
    error = models.TextField(blank=True, default="", help_text="What holds it up.")
    attempts = models.PositiveIntegerField(default=0, help_text="How often that has happened in a row.")
    retry_at = models.DateTimeField(null=True, help_text="When it is tried again.")
    swapped_at = models.DateTimeField(null=True)
    previous_version = models.PositiveIntegerField(null=True, help_text="Of the code that filled the previous tables.")
    previous_position = models.BigIntegerField(null=True, help_text="Checkpoint of the previous tables.")
    ended_at = models.DateTimeField(null=True, help_text="When its last tables were gone.")

    class Meta:
        db_table = "projection_rebuilds"
        ordering = ["-id"]
        verbose_name = "rebuild"
        constraints = [
            models.UniqueConstraint(
                fields=["projection"],
                condition=models.Q(state__in=["filling", "caught_up", "failed"]),
                name="projection_rebuilds_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.projection} {self.pk}"


class MaterialisedView(models.Model):
    """How fresh a materialised view is, and what its last refresh ended with."""

    name = models.CharField(max_length=63, primary_key=True)
    refreshed_at = models.DateTimeField(
        null=True, help_text="When the last refresh as a whole began: what was committed before is in it."
    )
    seconds = models.FloatField(default=0.0, help_text="How long the last refresh took.")
    is_asked_for = models.BooleanField(default=False, help_text="Whether an operator has asked for a refresh.")
    error = models.TextField(
        blank=True, default="", help_text="What the last refresh failed with; the rows are those from before it."
    )
    attempts = models.PositiveIntegerField(default=0, help_text="How often that has happened in a row.")
    failed_at = models.DateTimeField(null=True, help_text="When it last failed.")
    retry_at = models.DateTimeField(null=True, help_text="When it is tried again.")

    class Meta:
        db_table = "projection_views"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
