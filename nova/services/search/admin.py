"""Admin of the search service: which conversations may be searched.

Messages have no screen: an operator is no participant of a conversation.
"""

from django.contrib import admin
from unfold.decorators import display

from kit.admin.read_only import ReadOnlyAdmin
from nova.services.search.models import SearchConversation


@admin.register(SearchConversation)
class SearchConversationAdmin(ReadOnlyAdmin):
    """Conversations, and whether their messages may be searched."""

    list_display = ("conversation_id", "state_badge", "since")
    list_filter = ("is_encrypted", "is_enabled")
    search_fields = ("=conversation_id",)
    search_help_text = "A conversation's id, in full"
    ordering = ("conversation_id",)

    @display(
        description="search", label={"on": "success", "off": "warning", "encrypted": "danger", "not opened": "info"}
    )
    def state_badge(self, conversation: SearchConversation) -> str:
        """Whether it may be searched, set off by colour."""
        if conversation.is_encrypted is None:
            return "not opened"
        return "encrypted" if conversation.is_encrypted else "on" if conversation.is_enabled else "off"
