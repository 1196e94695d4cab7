"""Read model of feeds: authors, posts and follows."""

from django.db import models
from django.db.models.functions import Now

from nova.services.columns import id_field


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
    fan_out_after = id_field(
        null=True,
        help_text="The follower whose feed was told last, while workers tell many, and empty before the first.",
    )

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


class ContentCallDecision(models.Model):
    """What an operator has decided about direct calls, and why; the newest one holds."""

    verb = models.CharField(max_length=10)
    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500)
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "feed_content_call_decisions"
        ordering = ["-id"]
        verbose_name = "direct call"
        permissions = [("operate_contentcalldecision", "Can let feeds read from the content side, or from their copy")]

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor}"
