"""Admin of the feed service: its read model, to be searched and read."""

from django.contrib import admin
from unfold.decorators import display

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.feed.models import FeedPost


@admin.register(FeedPost)
class FeedPostAdmin(ReadOnlyAdmin):
    """Posts as the feed has them."""

    list_display = ("post_id", "author_id", "beginning", "media_type", "status_badge", "created_at", "is_shown")
    list_filter = ("status", "media_type", "is_shown")
    search_fields = ("=post_id", "=author_id")
    search_help_text = "A post's id or an author's id, in full"
    fieldsets = (
        ("Post", {"fields": ("post_id", "author_id", "caption", "media_type", "status_badge")}),
        ("Times", {"fields": ("created_at", "status_at", "deleted_at")}),
        ("Redis", {"fields": ("is_shown",)}),
    )

    @display(description="caption")
    def beginning(self, post: FeedPost) -> str:
        """The caption's first words."""
        return post.caption[:60]

    @display(description="status", label={"published": "success", "archived": "warning", "deleted": "danger"})
    def status_badge(self, post: FeedPost) -> str:
        """The status, set off by colour."""
        return "deleted" if post.deleted_at else post.status
