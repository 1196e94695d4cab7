"""Admin of the identity service: its read model, to be searched and read."""

from django.contrib import admin
from django.db.models import Q
from unfold.decorators import display

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.identity.models import NameKey, User
from nova.services.text_folding import fold


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Users as the read model has them."""

    list_display = ("user_id", "named", "display_name", "email", "is_verified", "status_badge", "created_at")
    list_display_links = ("user_id", "named")
    sortable_by = ("user_id", "named", "created_at")  # the columns that have an index
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

    @display(description="username", ordering=NameKey("folded"))
    def named(self, user: User) -> str:
        """The user name, sorted without regard to case."""
        return user.username

    @display(description="status", label={"active": "success", "inactive": "warning", "deleted": "danger"})
    def status_badge(self, user: User) -> str:
        """The status, set off by colour."""
        return user.status

    def term_filter(self, term: str) -> Q:
        """Users with the term in a name or the e-mail, whatever its case; the trigram index answers."""
        return Q(folded__contains=fold(term)) | Q(user_id=term)
