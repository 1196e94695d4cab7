"""Console pages of the identity service."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from kit.admin.console import ReadOnlyAdmin
from nova.services.identity.models import User
from nova.services.text_folding import fold

BADGES = {"running": "success", "paused": "warning", "failed": "danger", "outdated": "danger"}


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Users as the read model has them."""

    list_display = ("user_id", "username", "display_name", "email", "is_verified", "status_badge", "created_at")
    list_display_links = ("user_id", "username")
    list_filter = ("status", "is_verified")
    search_fields = ("folded",)
    search_help_text = "Part of a user name, display name or e-mail; or an id in full"
    ordering = ("user_id",)
    fieldsets = (
        ("Who", {"fields": ("user_id", "username", "display_name", "email", "avatar_url", "is_verified", "roles")}),
        (
            "Account",
            {"fields": ("status_badge", "is_erased", "follower_count", "created_at", "updated_at", "deleted_at")},
        ),
    )

    @display(description="status", label={"active": "success", "inactive": "warning", "deleted": "danger"})
    def status_badge(self, user: User) -> str:
        """The status, set off by colour."""
        return user.status

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[User]", search_term: str
    ) -> "tuple[QuerySet[User], bool]":
        """Users with the term in a name or the e-mail, whatever its case; the trigram index answers."""
        term = search_term.strip()
        if "\0" in term:
            return queryset.none(), False
        if not term:
            return queryset, False
        return queryset.filter(folded__contains=fold(term)) | queryset.filter(user_id=term), False
