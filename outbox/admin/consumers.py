"""Consumer groups: how they stand, and the decisions that pause, drain and resume them.

A group is no row of a table: what is shown is how it stands, and each change of it is a decision, which is a row.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from kit.admin.display import link, seconds
from kit.admin.fields import reason_field, text_field, verb_field
from kit.admin.operated import OperatedAdmin
from kit.admin.pages import admin_page, list_url, row_url
from kit.admin.reasons import actor_of
from outbox.consumers.control.scope import decide, scope_within
from outbox.consumers.control.states import GroupDetail, PastDecision, group_detail, group_states, holds
from outbox.exceptions import GroupDrained, InvalidRequest, UnknownGroup
from outbox.handling.handlers import ConsumerGroup, group_named
from outbox.models import ConsumerControl

LABELS = {
    "open": ("open", "success"),
    "partly_paused": ("partly paused", "warning"),
    "paused": ("paused", "warning"),
    "drained": ("drained", "danger"),
}
VERBS = {
    "pause": "The batches in hand are finished and nothing more takes effect; members keep their partitions.",
    "resume": "A pause or a drain is taken back; of a group, also the pauses of its topics and partitions.",
    "drain": "All members of the group finish what they have in hand, commit and leave until it is resumed.",
}


class DecisionForm(forms.Form):
    """What shall be done to which part of a group, and why."""

    verb = verb_field(VERBS)
    topic = text_field(249, help_text="Empty for all topics.")
    partition = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text="Empty for all partitions.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = reason_field(help_text="It is kept with the decision.")


@admin.register(ConsumerControl)
class ConsumerAdmin(OperatedAdmin):
    """The consumer groups; a group's page is under its name."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """All groups, with what they are behind and what they are paused or drained by."""
        self._check_view(request)
        groups = [(state, *LABELS[state.state], consumer_url(state.name)) for state in group_states()]
        context = {
            "title": "Consumers",
            "groups": groups,
            "may_operate": self.has_operate_permission(request),
        }
        return admin_page(self, request, "admin/outbox/consumers.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One group with its partitions, and the form with which it is paused, drained and resumed."""
        self._check_view(request)
        try:
            group = group_named(unquote(object_id))
        except UnknownGroup as error:
            raise Http404(str(error)) from error
        may_operate = self.has_operate_permission(request)
        form = DecisionForm(initial=request.GET.dict())
        if request.method == "POST":
            if not may_operate:
                raise PermissionDenied
            form = DecisionForm(request.POST)
            if self._decide(request, group, form):
                return HttpResponseRedirect(consumer_url(group.name))
        state = group_detail(group)
        state_text, label = LABELS[state.state]
        context = {
            "title": group.name,
            "group": state,
            "state_text": state_text,
            "label": label,
            "partitions": _partitions(state, may_operate=may_operate),
            "history": _history(state.history),
            "form": form,
            "verbs": VERBS,
            "may_operate": may_operate,
            "back": list_url("outbox_consumercontrol"),
        }
        return admin_page(self, request, "admin/outbox/consumer.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A group's page has its history."""
        return HttpResponseRedirect(consumer_url(unquote(object_id)))

    def _check_view(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def _decide(self, request: HttpRequest, group: ConsumerGroup, form: DecisionForm) -> bool:
        if not form.is_valid():
            return False
        verb, reason = form.cleaned_data["verb"], form.cleaned_data["reason"]
        try:
            scope = scope_within(group, topic=form.cleaned_data["topic"], partition=form.cleaned_data["partition"])
            with transaction.atomic():
                remaining = decide(verb, scope, actor=actor_of(request), reason=reason)
                # In the history of the group: the row of a decision is gone when it is taken back.
                LogEntry.objects.create(
                    user_id=str(request.user.pk),
                    content_type=ContentType.objects.get_for_model(ConsumerControl),
                    object_id=group.name,
                    object_repr=group.name,
                    action_flag=CHANGE,
                    change_message=f"{verb.capitalize()} {scope}: {reason}",
                )
        except InvalidRequest as error:
            form.add_error(error.pointer.removeprefix("/"), str(error))
            return False
        except GroupDrained as error:
            form.add_error("verb", str(error))
            return False
        if remaining:
            messages.warning(request, f"{scope} is still held by: {', '.join(map(str, remaining))}.")
        else:
            messages.success(request, f"{verb.capitalize()} {scope}: decided; members notice within two seconds.")
        return True


def consumer_url(name: str) -> str:
    """Where a group is shown."""
    return row_url("outbox_consumercontrol", name)


def _partitions(state: GroupDetail, *, may_operate: bool) -> dict[str, Any] | None:
    if state.partitions is None:
        return None
    rows = []
    for one in state.partitions:
        held = holds(state, one)
        row = [one.topic, one.partition, "-" if one.committed is None else one.committed, one.end, one.lag]
        row.append("held" if held else "open")
        if may_operate:
            verb = "resume" if held else "pause"
            query = QueryDict(mutable=True)
            query.update({"verb": verb, "topic": one.topic, "partition": str(one.partition)})
            row.append(link(f"{consumer_url(state.name)}?{query.urlencode()}#decide", verb.capitalize()))
        rows.append(row)
    headers = ["topic", "partition", "committed", "end", "lag", "state", *([""] if may_operate else [])]
    return {"headers": headers, "rows": rows}


def _history(decided: Sequence[PastDecision]) -> dict[str, Any] | None:
    rows = [[one.verb.capitalize(), _part(one), one.reason, one.actor, seconds(one.at)] for one in decided]
    return {"headers": ["what", "of it", "why", "who", "when (UTC)"], "rows": rows} if rows else None


def _part(decided: PastDecision) -> str:
    if decided.topic is None:
        return "all"
    return decided.topic if decided.partition is None else f"{decided.topic}[{decided.partition}]"
