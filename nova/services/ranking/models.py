"""Ranking of posts: each post's reactions and its score; filled by the projection `ranking`."""

from django.db import models

from nova.services.columns import id_field


class RankedPost(models.Model):
    """A post, what was made of it, and its place."""

    post_id = id_field(primary_key=True)
    author_id = id_field(default="")
    status = models.CharField(max_length=10, default="", help_text="As last told; only published posts have a place.")
    created_at = models.DateTimeField(null=True, help_text="Empty until the event of its creation has come.")
    is_gone = models.BooleanField(default=False, help_text="Deleted, or its author is; for good.")
    likes = models.BigIntegerField(default=0)
    comments = models.BigIntegerField(default=0)
    shares = models.BigIntegerField(default=0)
    score = models.FloatField(null=True, help_text="The order of posts, see `score`; empty for one without a place.")

    class Meta:
        db_table = "ranking_posts"
        ordering = [models.F("score").desc(nulls_last=True), "-post_id"]
        verbose_name = "ranked post"
        indexes = [
            models.Index(
                fields=["-score", "-post_id"], condition=models.Q(score__isnull=False), name="ranking_posts_hot"
            ),
            models.Index(fields=["author_id", "-score", "-post_id"], name="ranking_posts_of_author"),
        ]

    def __str__(self) -> str:
        return self.post_id


class Reaction(models.Model):
    """That somebody likes, has commented on or has shared a post; the row is gone when that is taken back."""

    class Kind(models.TextChoices):
        """What was done."""

        LIKE = "like", "Like"
        COMMENT = "comment", "Comment"
        SHARE = "share", "Share"

    pk = models.CompositePrimaryKey("post_id", "kind", "reaction_id")
    post_id = id_field()
    kind = models.CharField(max_length=10, choices=Kind.choices, db_collation="C")
    reaction_id = id_field(help_text="The user who likes, the comment, or the event of the share.")
    user_id = id_field()

    class Meta:
        db_table = "ranking_reactions"
        indexes = [models.Index(fields=["user_id"], name="ranking_reactions_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} of {self.post_id}"


class FormerUser(models.Model):
    """A user who is deleted: no post and no reaction of theirs counts, whenever that is told."""

    user_id = id_field(primary_key=True)

    class Meta:
        db_table = "ranking_former_users"

    def __str__(self) -> str:
        return self.user_id
