"""Tables of the content service: users whom it knows, what each has written, posts and what is said of them."""

from django.db import models

from nova.services.columns import id_field
from nova.services.erasure.belongings import Belonging, FormerOwner


class KnownUser(models.Model):
    """What the service knows of a user; filled by the group `content-service`, see `user_copies`."""

    user_id = id_field(primary_key=True)
    username = models.TextField(default="")
    named_at = models.DateTimeField(null=True, help_text="When the user name was last set.")
    email = models.TextField(default="")
    emailed_at = models.DateTimeField(null=True, help_text="When the e-mail address was last set.")
    is_created = models.BooleanField(
        default=True, help_text="Whether the creation was heard of; nobody is shown before."
    )
    is_deleted = models.BooleanField(default=False, help_text="Deleted: no personal data is kept.")

    class Meta:
        db_table = "content_users"

    def __str__(self) -> str:
        return self.username or self.user_id


class ContentBelonging(Belonging):
    """A post or comment that is there, and who has written it; filled by the group `content-service`."""

    class Meta(Belonging.Meta):
        db_table = "content_belongings"


class FormerAuthor(FormerOwner):
    """A user who is gone; what turns up later is removed."""

    class Meta:
        db_table = "content_former_authors"


class Post(models.Model):
    """A post, how often it was liked and shared, and how many comments it has; filled by the projection `posts`."""

    class Status(models.TextChoices):
        """What has become of it."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        ARCHIVED = "archived", "Archived"
        DELETED = "deleted", "Deleted"

    post_id = id_field(primary_key=True)
    author_id = id_field(default="")
    caption = models.TextField(default="")
    media_type = models.CharField(max_length=10, default="none")
    status = models.CharField(
        max_length=10, choices=Status.choices, default="", help_text="Empty until the log speaks of the post itself."
    )
    text_version = models.BigIntegerField(default=1, help_text="How often its text was revised; the first one is 1.")
    created_at = models.DateTimeField(null=True, help_text="Empty until its creation is heard of; not shown before.")
    updated_at = models.DateTimeField(null=True, help_text="When the last event of the post itself happened.")
    deleted_at = models.DateTimeField(null=True)
    media = models.JSONField(default=list, help_text="Uploads whose files it shows, in the order of their coming.")
    like_count = models.BigIntegerField(default=0)
    share_count = models.BigIntegerField(default=0)
    comment_count = models.BigIntegerField(default=0)

    class Meta:
        db_table = "content_posts"
        ordering = ["post_id"]
        indexes = [
            models.Index(fields=["status", "-created_at", "-post_id"], name="content_posts_newest"),
            models.Index(fields=["status", "-like_count", "-post_id"], name="content_posts_most_liked"),
            models.Index(fields=["author_id", "status", "-created_at", "-post_id"], name="content_posts_by_author"),
        ]

    def __str__(self) -> str:
        return self.post_id


class Comment(models.Model):
    """A comment that is there; filled by the projection `posts`."""

    comment_id = id_field(primary_key=True)
    post_id = id_field()
    author_id = id_field()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "content_comments"
        ordering = ["comment_id"]
        indexes = [
            models.Index(fields=["post_id", "created_at", "comment_id"], name="content_comments_of_post"),
            models.Index(fields=["author_id"], name="content_comments_by_author"),
        ]

    def __str__(self) -> str:
        return self.comment_id


class PostLike(models.Model):
    """Somebody likes a post; filled by the projection `posts`, so that nobody is counted twice."""

    pk = models.CompositePrimaryKey("post_id", "user_id")
    post_id = id_field()
    user_id = id_field()

    class Meta:
        db_table = "content_likes"
        indexes = [models.Index(fields=["user_id"], name="content_likes_by_user")]

    def __str__(self) -> str:
        return f"{self.user_id} ♥ {self.post_id}"


class ErasedUser(models.Model):
    """A user who was deleted for good, of whom `posts` keeps nothing that comes later either."""

    user_id = id_field(primary_key=True)

    class Meta:
        db_table = "content_erased_users"

    def __str__(self) -> str:
        return self.user_id


class Upload(models.Model):
    """An uploaded file, which the author's next post takes; filled by the group `content-service`."""

    upload_id = id_field(primary_key=True)
    media_id = id_field(default="")
    user_id = id_field(default="")
    uploaded_at = models.DateTimeField(null=True, help_text="Empty until its completion is heard of.")
    is_deleted = models.BooleanField(default=False, help_text="Deleted: no post takes it any more.")
    taken_by = id_field(default="", help_text="The post that has taken it; empty while it waits for one.")

    class Meta:
        db_table = "content_uploads"
        indexes = [
            models.Index(
                fields=["user_id", "uploaded_at"],
                condition=models.Q(taken_by="", is_deleted=False),
                name="content_uploads_pending",
            )
        ]

    def __str__(self) -> str:
        return self.upload_id


class MediaTaker(models.Model):
    """A post, which takes what its author has uploaded shortly before; filled by the group `content-service`."""

    post_id = id_field(primary_key=True)
    user_id = id_field()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "content_media_takers"
        indexes = [models.Index(fields=["user_id", "created_at", "post_id"], name="content_media_takers_by_user")]

    def __str__(self) -> str:
        return self.post_id
