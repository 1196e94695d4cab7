"""Follow graph: who follows whom, and how many each has; filled by the projection `follow-graph`."""

from django.db import models

from nova.services.columns import id_field


class Person(models.Model):
    """Somebody who follows or is followed, or is gone."""

    user_id = id_field(primary_key=True)
    followers = models.BigIntegerField(default=0, help_text="How many follow this user.")
    following = models.BigIntegerField(default=0, help_text="How many this user follows.")
    is_gone = models.BooleanField(default=False, help_text="Deleted: follows nobody and has no followers, for good.")

    class Meta:
        db_table = "graph_people"
        ordering = ["user_id"]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.user_id


class Follow(models.Model):
    """That somebody follows somebody; the row is gone when that ends."""

    pk = models.CompositePrimaryKey("follower_id", "followed_id")
    follower_id = id_field()
    followed_id = id_field()
    since = models.DateTimeField(help_text="When it was begun.")

    class Meta:
        db_table = "graph_follows"
        indexes = [
            models.Index(fields=["followed_id", "-since", "-follower_id"], name="graph_follows_followers"),
            models.Index(fields=["follower_id", "-since", "-followed_id"], name="graph_follows_following"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} → {self.followed_id}"
