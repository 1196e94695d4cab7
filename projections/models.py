"""Which tables do projections and read models have? All of them can be filled again from the log."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

ID_LENGTH = 255


def id_field(**options: object) -> "models.CharField[str, str]":
    """A column for the id of a thing, ordered byte by byte as Redis and Python order it."""
    return models.CharField(max_length=ID_LENGTH, db_collation="C", **options)  # type: ignore[arg-type]


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


class User(models.Model):
    """What is known of a user; filled by the projection `users`."""

    class Status(models.TextChoices):
        """Whether the account is open."""

        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"
        DELETED = "deleted", "Deleted"

    user_id = id_field(primary_key=True)
    username = models.CharField(max_length=255, default="")
    display_name = models.CharField(max_length=255, default="")
    email = models.CharField(max_length=255, default="")
    avatar_url = models.CharField(max_length=2_048, default="")
    is_verified = models.BooleanField(default=False)
    follower_count = models.BigIntegerField(default=0, help_text="As the identity service last told it.")
    roles = ArrayField(id_field(), default=list)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    is_erased = models.BooleanField(default=False, help_text="Deleted for good: no personal data is kept.")
    created_at = models.DateTimeField(null=True, help_text="When the account was opened.")
    updated_at = models.DateTimeField(help_text="When the last of its events happened.")
    deleted_at = models.DateTimeField(null=True)
    folded = models.TextField(default="", help_text="Names and e-mail, case folded, for search.")

    class Meta:
        db_table = "users_read"
        ordering = ["user_id"]
        indexes = [GinIndex(fields=["folded"], opclasses=["gin_trgm_ops"], name="users_read_folded")]

    def __str__(self) -> str:
        return self.username or self.user_id


class FeedAuthor(models.Model):
    """What the feed knows of a user; owned by the group `feed-service`."""

    user_id = id_field(primary_key=True)
    username = models.CharField(max_length=255, default="")
    display_name = models.CharField(max_length=255, default="")
    avatar_url = models.CharField(max_length=2_048, default="")
    named_at = models.DateTimeField(null=True, help_text="When the user name last changed.")
    changed_at = models.DateTimeField(null=True, help_text="When the profile last changed.")
    deleted_at = models.DateTimeField(null=True)
    is_erased = models.BooleanField(default=False, help_text="Deleted for good: no names and no posts are kept.")
    is_shown = models.BooleanField(default=False, help_text="Whether Redis has been told of this state.")

    class Meta:
        db_table = "feed_authors"
        indexes = [
            models.Index(fields=["user_id"], condition=models.Q(is_shown=False), name="feed_authors_unshown"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username or self.user_id


class FeedPost(models.Model):
    """A post as the feed shows it; owned by the group `feed-service`."""

    post_id = id_field(primary_key=True)
    author_id = id_field()
    caption = models.TextField(default="")
    media_type = models.CharField(max_length=10, default="none")
    status = models.CharField(max_length=10)
    status_at = models.DateTimeField(null=True, help_text="When the status was last set.")
    created_at = models.DateTimeField(null=True, help_text="Empty until the event of its creation has come.")
    score = models.FloatField(null=True, help_text="created_at in seconds since 1970: the order of feeds.")
    deleted_at = models.DateTimeField(null=True)
    is_shown = models.BooleanField(default=False, help_text="Whether Redis has been told of this state.")

    class Meta:
        db_table = "feed_posts"
        ordering = [models.F("created_at").desc(nulls_last=True)]
        indexes = [
            models.Index(fields=["author_id", "-score", "-post_id"], name="feed_posts_by_author"),
            models.Index(fields=["post_id"], condition=models.Q(is_shown=False), name="feed_posts_unshown"),
        ]

    def __str__(self) -> str:
        return self.post_id


class FeedFollow(models.Model):
    """Who sees whose posts; owned by the group `feed-service`."""

    pk = models.CompositePrimaryKey("follower_id", "followed_id")
    follower_id = id_field()
    followed_id = id_field()
    is_following = models.BooleanField(default=True, help_text="False once it was taken back.")
    since = models.DateTimeField(help_text="When it was begun or taken back last.")
    is_shown = models.BooleanField(default=False, help_text="Whether Redis has been told of this state.")

    class Meta:
        db_table = "feed_follows"
        indexes = [
            models.Index(fields=["followed_id", "follower_id"], name="feed_follows_by_followed"),
            models.Index(fields=["follower_id"], condition=models.Q(is_shown=False), name="feed_follows_unshown"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} → {self.followed_id}"


class SearchDocument(models.Model):
    """The words of a post or a user; owned by the group `search-service`."""

    class Kind(models.TextChoices):
        """What can be found."""

        POST = "post", "Post"
        USER = "user", "User"

    pk = models.CompositePrimaryKey("kind", "document_id")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    document_id = id_field()
    text = models.TextField(default="")
    folded = models.TextField(default="", help_text="The text, case folded.")
    words = models.GeneratedField(
        expression=SearchVector("folded", config="simple"), output_field=SearchVectorField(), db_persist=True
    )
    is_hidden = models.BooleanField(default=False, help_text="Kept, but not to be found now: a post not published.")
    text_at = models.DateTimeField(null=True, help_text="When the text was last set.")
    hidden_at = models.DateTimeField(null=True, help_text="When it was last hidden or published.")
    removed_at = models.DateTimeField(null=True, help_text="When it was deleted; the text is gone.")

    class Meta:
        db_table = "search_documents"
        indexes = [
            GinIndex(
                fields=["words"],
                condition=models.Q(is_hidden=False, removed_at__isnull=True),
                name="search_documents_words",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id}"


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
