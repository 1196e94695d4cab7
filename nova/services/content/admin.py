"""Admin of the content service: its read models, to be searched and read."""

from django.contrib import admin
from unfold.decorators import display

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.content.models import Comment, Post

STATUS_COLOURS = {"draft": "info", "published": "success", "archived": "warning", "deleted": "danger"}


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    """Posts as the content service has them, with their counts."""

    list_display = (
        *("post_id", "author_id", "beginning", "status_badge", "like_count", "comment_count", "share_count"),
        "created_at",
    )
    list_filter = ("status", "media_type")
    search_fields = ("=post_id", "=author_id")
    search_help_text = "A post's id or an author's id, in full"
    fieldsets = (
        ("Post", {"fields": ("post_id", "author_id", "caption", "media_type", "status_badge", "text_version")}),
        ("Counts", {"fields": ("like_count", "comment_count", "share_count")}),
        ("Times", {"fields": ("created_at", "updated_at", "deleted_at")}),
    )

    @display(description="caption")
    def beginning(self, post: Post) -> str:
        """The caption's first words."""
        return post.caption[:60]

    @display(description="status", label=STATUS_COLOURS)
    def status_badge(self, post: Post) -> str:
        """The status, set off by colour."""
        return post.status or "not created yet"


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """Comments that are there."""

    list_display = ("comment_id", "post_id", "author_id", "created_at")
    search_fields = ("=comment_id", "=post_id", "=author_id")
    search_help_text = "A comment's, post's or author's id, in full"
    fields = ("comment_id", "post_id", "author_id", "created_at")
