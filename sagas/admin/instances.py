"""Instances of sagas: where each stands, what it waits for, how it came there, and what an operator can do about it."""

from collections.abc import Callable, Collection
from uuid import UUID

import msgspec
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from msgspec import Struct
from unfold.decorators import display
from unfold.enums import ActionVariant

from kit.actions import NoArguments
from kit.admin.display import json_block, link
from kit.admin.operated import row_action
from kit.admin.pages import list_url
from kit.admin.read_only import uuid_of
from kit.admin.reasons import ReasonForm, actor_of, reason_dialog, refuse_dialog
from outbox.api import dead_lettered
from sagas.admin.forms import DataForm, StepForm
from sagas.admin.list_filters import DefinitionFilter, StandFilter, StartedFilter, StepFilter, UnmovedFilter
from sagas.admin.many import ManySagasAdmin
from sagas.definition.saga import Saga
from sagas.exceptions import InvalidData, SagaError
from sagas.machine.instance import Status, StepState
from sagas.models import SagaState
from sagas.operating.actions import ACTIONS, PERMISSION, NewData, OfStep, operate
from sagas.operating.diagram import diagram
from sagas.operating.editing import changes_of
from sagas.operating.reading import URGENCY, SagaDetail, definition_of, detail_of
from sagas.operating.selection import ENDS, STUCK

BADGES = {
    "unstarted": "warning",
    "running": "info",
    "waiting": "info",
    "compensating": "warning",
    "compensated": "warning",
    "completed": "success",
    "failed": "danger",
    "compensation_failed": "danger",
    "awaiting_operator": "danger",
}
_RUNNING = ("retry", "skip", "edit", "compensate", "cancel")


FORMS: dict[type[Struct], type[ReasonForm]] = {OfStep: StepForm, NewData: DataForm, NoArguments: ReasonForm}
"""What asks for a verb's arguments."""


def _verb(verb: str, *, variant: ActionVariant = ActionVariant.DEFAULT) -> Callable[..., HttpResponse]:
    """A button for a verb, whose dialog asks for its arguments and the reason; red where it cannot be taken back."""
    action = ACTIONS[verb]

    def act(model_admin: "SagaAdmin", request: HttpRequest, form: ReasonForm, object_id: UUID) -> HttpResponse:
        return model_admin.act_on_one(request, form, object_id, verb)

    # Unfold knows an action by the name of its method.
    act.__name__ = f"{verb}_saga"
    return row_action(
        description=action.label,
        url_path=verb,
        variant=ActionVariant.DANGER if action.dangerous else variant,
        dialog=reason_dialog(action.label, action.explanation, form=FORMS[action.arguments]),
    )(act)


def _detail(row: SagaState) -> SagaDetail:
    """All that is known of the row, read once for a page."""
    if "detail" not in vars(row):
        vars(row)["detail"] = detail_of(row)
    detail: SagaDetail = vars(row)["detail"]
    return detail


def _diagram(row: SagaState, saga: Saga | None) -> str:
    """The text of its diagram; none for an instance whose definition is gone."""
    if saga is None:
        return ""
    steps = msgspec.convert(row.state.get("steps", {}), dict[str, StepState])
    return diagram(saga, steps, ended=row.status == Status.COMPLETED)


@admin.register(SagaState)
class SagaAdmin(ManySagasAdmin):
    """Instances, those first that wait for an operator."""

    list_display = ("key", "saga_type", "status_badge", "current_step", "error", "updated_at", "started_at")
    list_filter = (StandFilter, DefinitionFilter, StepFilter, UnmovedFilter, StartedFilter)
    ordering = (URGENCY.asc(), "updated_at")
    search_fields = ("key",)
    search_help_text = "A key, such as an order's id, or the id of the saga or of its correlation, in full"
    fieldsets = (
        ("Where it stands", {"fields": ("status_badge", "waits_for", "steps_diagram", "error_message")}),
        ("What it knows", {"fields": ("data_text",)}),
        ("How it came there", {"fields": ("timeline",)}),
        (
            "Identity",
            {"fields": ("saga_type", "key", "saga_id", "correlation", "shape", "version", "started_at", "updated_at")},
        ),
    )
    actions_list = ("operate",)
    actions_detail = tuple(f"{verb}_saga" for verb in ACTIONS)
    operate_permission = PERMISSION

    def term_filter(self, term: str) -> Q:
        """The instance of that key or id, or those of that correlation."""
        found = Q(key=term)
        if (known := uuid_of(term)) is not None:
            found |= Q(saga_id=known) | Q(correlation_id=known)
        return found

    def possible_actions(self, row: SagaState) -> Collection[str]:
        """Nothing is done to what has ended; an instance that has not begun can only be given up."""
        if row.status in ENDS or definition_of(row) is None:
            return ()
        if row.status == Status.UNSTARTED:
            return ("cancel_saga",)
        verbs = ("resume", *_RUNNING) if row.status in STUCK else _RUNNING
        return tuple(f"{verb}_saga" for verb in verbs)

    @display(description="stands", label=BADGES)
    def status_badge(self, row: SagaState) -> str:
        """The status, set off by colour."""
        return row.status

    @display(description="error")
    def error(self, row: SagaState) -> str:
        """The beginning of why it failed."""
        return (row.error_message or "-")[:80]

    @display(description="waits for")
    def waits_for(self, row: SagaState) -> str:
        """What would release it."""
        return _detail(row).waits_for or "-"

    @display(description="steps")
    def steps_diagram(self, row: SagaState) -> SafeString:
        """The definition's stages, with where each step stands."""
        saga, steps = definition_of(row), {step.name: step for step in _detail(row).steps}
        stages = [[steps[step.name] for step in group] for group in saga.groups()] if saga else [list(steps.values())]
        return render_to_string("admin/sagas/steps.html", {"stages": stages, "diagram": _diagram(row, saga)})

    @display(description="data")
    def data_text(self, row: SagaState) -> SafeString | str:
        """The data."""
        data = row.state.get("data")
        return json_block(data) if data is not None else "-"

    @display(description="transitions")
    def timeline(self, row: SagaState) -> SafeString:
        """Every transition: what caused it, what it changed, what went out."""
        transitions = _detail(row).transitions
        sent = [UUID(request["event_id"]) for one in transitions for request in one.requests]
        context = {
            "transitions": reversed(transitions),
            "events": list_url("events_domainevent"),
            "outbox": list_url("outbox_outboxevent"),
            "dead_letters": list_url("outbox_deadletter", archived="any"),
            "dead": {str(event_id) for event_id in dead_lettered(sent)},
        }
        return render_to_string("admin/sagas/timeline.html", context)

    @display(description="correlation")
    def correlation(self, row: SagaState) -> SafeString | str:
        """The conversation, leading to its events."""
        if row.correlation_id is None:
            return "-"
        return link(list_url("events_domainevent", q=row.correlation_id), str(row.correlation_id))

    retry_saga = _verb("retry", variant=ActionVariant.PRIMARY)
    skip_saga = _verb("skip")
    edit_saga = _verb("edit")
    compensate_saga = _verb("compensate")
    resume_saga = _verb("resume", variant=ActionVariant.PRIMARY)
    cancel_saga = _verb("cancel")

    def get_urls(self) -> list[URLPattern]:
        """Those of the admin, and what an edit would change."""
        view = self.admin_site.admin_view(self.difference)
        urls: list[URLPattern] = super().get_urls()
        return [path("<uuid:saga_id>/difference/", view, name="sagas_sagastate_difference"), *urls]

    def difference(self, request: HttpRequest, saga_id: UUID) -> HttpResponse:
        """What the data that are typed would change, for the dialog that asks for them."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        row = get_object_or_404(SagaState, pk=saga_id)
        saga, form = definition_of(row), DataForm(request, saga_id, {**request.POST.dict(), "reason": "not asked yet"})
        context: dict[str, object] = {}
        try:
            if saga is None or row.state.get("data") is None:
                context["refused"] = "It has no data that could be edited."
            elif form.is_valid():
                context["changes"] = changes_of(saga, row.state["data"], form.cleaned_data["data"])
            else:
                context["refused"] = " ".join(form.errors.get("data", ()))
        except InvalidData as error:
            context["refused"] = f"{error.pointer or '/'}: {error}."
        return render(request, "admin/sagas/difference.html", context)

    def act_on_one(self, request: HttpRequest, form: ReasonForm, saga_id: UUID, verb: str) -> HttpResponse:
        """Do what the form of a verb says, and go back to the instance; or ask again, where it says what cannot be."""
        action, said = ACTIONS[verb], dict(form.cleaned_data)
        reason = said.pop("reason")
        arguments = msgspec.convert({name: said[name] for name in action.arguments.__struct_fields__}, action.arguments)
        try:
            instance = operate(verb, saga_id, arguments, actor=actor_of(request), reason=reason)
        except InvalidData as error:
            return refuse_dialog(request, form, error, field="data")
        except SagaError as error:
            messages.warning(request, f"{error}.")
        else:
            self.audit(request, SagaState.objects.filter(pk=saga_id), f"{action.label}: {reason}")
            messages.success(request, f"{action.label}: {instance.key} is {instance.status}.")
        return self.back_to_row(saga_id)
