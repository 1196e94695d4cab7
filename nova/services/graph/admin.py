"""Admin of the graph service: its people, with whom they follow and who follows them."""

from django.contrib import admin
from django.utils.html import format_html_join
from unfold.decorators import display

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.graph.models import Person
from nova.services.graph.queries import FollowView, followers, following, suggestions

SHOWN = 20
NOBODY = "nobody"


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    """People of the follow graph."""

    list_display = ("user_id", "followers", "following", "state_badge")
    list_filter = ("is_gone",)
    search_fields = ("=user_id",)
    search_help_text = "A user's id, in full"
    ordering = ("user_id",)
    fieldsets = (
        ("Who", {"fields": ("user_id", "followers", "following", "state_badge")}),
        ("Latest", {"fields": ("latest_followers", "latest_followed")}),
        ("Suggestions", {"fields": ("suggested",)}),
    )

    @display(description="state", label={"there": "success", "gone": "danger"})
    def state_badge(self, person: Person) -> str:
        """Whether the user is there, set off by colour."""
        return "gone" if person.is_gone else "there"

    @display(description="followers")
    def latest_followers(self, person: Person) -> str:
        """Who has begun to follow this user last."""
        return _lines(followers(person.user_id, limit=SHOWN).items)

    @display(description="following")
    def latest_followed(self, person: Person) -> str:
        """Whom this user has begun to follow last."""
        return _lines(following(person.user_id, limit=SHOWN).items)

    @display(description="may want to follow")
    def suggested(self, person: Person) -> str:
        """Whom those follow whom this user follows."""
        found = suggestions(person.user_id, limit=SHOWN).items
        return (
            format_html_join("", "<div>{} ({} in common)</div>", ((one.user_id, one.common) for one in found)) or NOBODY
        )


def _lines(follows: list[FollowView]) -> str:
    return format_html_join("", "<div>{} since {}</div>", ((one.user_id, one.since) for one in follows)) or NOBODY
