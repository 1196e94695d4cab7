"""Admin of the ranking service: posts by their place."""

from django.contrib import admin
from unfold.decorators import display

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.ranking.models import RankedPost


@admin.register(RankedPost)
class RankedPostAdmin(ReadOnlyAdmin):
    """Posts as the ranking has them."""

    list_display = ("post_id", "author_id", "likes", "comments", "shares", "created_at", "score", "state_badge")
    list_filter = ("status", "is_gone")
    search_fields = ("=post_id", "=author_id")
    search_help_text = "A post's id or an author's id, in full"
    fieldsets = (
        ("Post", {"fields": ("post_id", "author_id", "created_at", "state_badge")}),
        ("Place", {"fields": ("likes", "comments", "shares", "score")}),
    )

    @display(description="state", label={"placed": "success", "gone": "danger", "without a place": "warning"})
    def state_badge(self, post: RankedPost) -> str:
        """Whether it has a place, set off by colour."""
        if post.is_gone:
            return "gone"
        return "without a place" if post.score is None else "placed"
