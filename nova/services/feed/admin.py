"""Admin of the feed service: its read model, to be searched and read, and where feeds read posts."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import display

from kit.admin.fields import reason_field, verb_field
from kit.admin.pages import admin_page, list_url
from kit.admin.read_only import ReadOnlyAdmin
from kit.admin.reasons import actor_of
from nova.services.feed.content_calls.switch import ACTIONS, OPERATE, content_call_state, decide
from nova.services.feed.models import ContentCallDecision, FeedPost

VERBS = {verb: action.explanation for verb, action in ACTIONS.items()}
DECISIONS_SHOWN = 50


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


class DecisionForm(forms.Form):
    """What shall hold, and why."""

    verb = verb_field(VERBS)
    reason = reason_field(help_text="It is kept with the decision.")


@admin.register(ContentCallDecision)
class ContentCallAdmin(ReadOnlyAdmin):
    """Where feeds read posts: what holds, who has decided it, and the form that decides."""

    operate_permission = OPERATE

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One page for all that there is to see and to do."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        may_operate, form = self.has_operate_permission(request), DecisionForm()
        if request.method == "POST":
            if not may_operate:
                raise PermissionDenied
            form = DecisionForm(request.POST)
            if form.is_valid():
                verb, reason = form.cleaned_data["verb"], form.cleaned_data["reason"]
                state = decide(verb, actor=actor_of(request), reason=reason)
                messages.success(request, f"Direct calls are {'on' if state.enabled else 'off'}.")
                return HttpResponseRedirect(list_url("nova_feed_contentcalldecision"))
        state = content_call_state()
        decisions = [
            (one.verb, one.actor, one.reason, f"{one.decided_at:%Y-%m-%d %H:%M:%S}")
            for one in ContentCallDecision.objects.order_by("-id")[:DECISIONS_SHOWN]
        ]
        context = {
            "title": "Direct calls",
            "state": state,
            "state_text": "content side" if state.enabled else "local copy",
            "label": "warning" if state.enabled else "success",
            "form": form,
            "verbs": VERBS,
            "may_operate": may_operate,
            "decisions": {"headers": ["What", "Who", "Why", "When"], "rows": decisions} if decisions else None,
        }
        return admin_page(self, request, "admin/feed/direct_call.html", context)
