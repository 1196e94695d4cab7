"""Commands: an operator gives one to an aggregate, with a reason, after a dry run shows the events it would append.

What is executed is what was seen: the page carries a signed note of the command, of the version on which it was
decided, and of the command's id. So a command that was changed, or an aggregate that moved on, must be looked at again,
and a form that is sent twice takes effect once.
"""

from hashlib import sha256
from typing import Any, NoReturn
from uuid import UUID

import msgspec
import structlog
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from msgspec import Struct
from unfold.decorators import action

from events.admin.command_forms import CommandForm, command_form
from events.aggregates.aggregate import aggregates
from events.commands.dry_run import DryRun, dry_run
from events.commands.execution import Executed, execute
from events.context import current_context, event_context
from events.exceptions import EventStoreError, NotFound, VersionConflict
from events.models import DomainEvent
from events.types.registry import type_name
from kit.admin.display import json_block
from kit.admin.operated import row_action
from kit.admin.pages import admin_page, list_url
from kit.admin.read_only import ReadOnlyAdmin
from kit.admin.reasons import actor_of
from kit.links import link_to

log = structlog.get_logger(__name__)

PERMISSION = "events.execute_command"
SALT = "events.admin.commands"
SEEN_FOR = 3600
"""Seconds for which what was seen may be executed."""
METADATA = "operator"
"""Under which name an event's metadata tells of the operator's reason."""


class Proposed(Struct, frozen=True, kw_only=True):
    """An event that would be appended."""

    event_type: str
    version: int
    payload: Any


class CommandConsole(ReadOnlyAdmin):
    """The part of the log's screen that gives commands."""

    actions_list: tuple[str, ...] = ("give_command",)
    actions_detail: tuple[str, ...] = ("give_command_to_this",)

    def has_execute_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whoever may."""
        return bool(request.user.has_perm(PERMISSION))

    @action(description="Give a command", url_path="give-command", permissions=["execute"], icon="terminal")
    def give_command(self, request: HttpRequest) -> HttpResponse:
        """Choose a command."""
        return HttpResponseRedirect(link_to("admin:events_command_choice"))

    @row_action(description="Give a command", url_path="give-command", permissions=["execute"], icon="terminal")
    def give_command_to_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose a command for the aggregate of an event."""
        event = DomainEvent.objects.get(pk=object_id)
        return HttpResponseRedirect(
            link_to("admin:events_command_choice", aggregate_type=event.aggregate_type, aggregate_id=event.aggregate_id)
        )

    def get_urls(self) -> list[URLPattern]:
        """The screen's own pages, before the one that takes every other address for an event's."""
        site = self.admin_site
        urls: list[URLPattern] = super().get_urls()
        return [
            path("command/", site.admin_view(self.choose), name="events_command_choice"),
            path("command/<str:aggregate_type>/<str:command>/", site.admin_view(self.command), name="events_command"),
            *urls,
        ]

    def choose(self, request: HttpRequest) -> HttpResponse:
        """All commands, or those of one aggregate type."""
        if not self.has_execute_permission(request):
            _refuse(request, "")
        aggregate_type, aggregate_id = request.GET.get("aggregate_type"), request.GET.get("aggregate_id", "")
        kinds = [
            {"name": kind.name, "commands": [(name, type_.__doc__ or "") for name, type_ in kind.commands.items()]}
            for kind in sorted(aggregates, key=lambda kind: kind.name)
            if kind.commands and aggregate_type in {None, kind.name}
        ]
        context = {"title": "Give a command", "kinds": kinds, "aggregate_id": aggregate_id}
        return admin_page(self, request, "admin/events/command_choice.html", context)

    def command(self, request: HttpRequest, aggregate_type: str, command: str) -> HttpResponse:
        """One command: its form, what it would do, and its execution."""
        if not self.has_execute_permission(request):
            _refuse(request, f"{aggregate_type}/{command}")
        try:
            form_class = command_form(aggregates.named(aggregate_type), command)
        except NotFound as error:
            raise Http404(str(error)) from error
        if request.method != "POST":
            form = form_class(initial={"aggregate_id": request.GET.get("aggregate_id", "")})
            return self._command_page(request, form, None)
        form = form_class(request.POST)
        if not form.is_valid():
            return self._command_page(request, form, None)
        seen = _seen(request, form)
        if "execute" in request.POST and seen is None:
            form.add_error(None, "This is not what you looked at: look again before you execute it.")
        try:
            if "execute" in request.POST and seen is not None:
                return self._executed(request, _execute(request, form, *seen))
            return self._command_page(request, form, dry_run(*_order(form), user_id=actor_of(request)))
        except VersionConflict as conflict:
            form.add_error(None, f"The aggregate moved on to version {conflict.actual} meanwhile: look again.")
        except EventStoreError as error:
            log.info("command not executed", **_about(request, form), error=type(error).__name__)
            form.add_error(None, f"{type(error).__name__}: {error}")
        return self._command_page(request, form, None)

    def _executed(self, request: HttpRequest, answer: Executed) -> HttpResponse:
        done = f"{len(answer.event_ids)} events were appended" if answer.event_ids else "All was so already"
        messages.success(request, f"{done}; {answer.stream} is at version {answer.version}.")
        return HttpResponseRedirect(list_url("events_domainevent", q=answer.stream))

    def _command_page(self, request: HttpRequest, form: CommandForm, proposal: DryRun | None) -> HttpResponse:
        context: dict[str, Any] = {
            "title": f"{form.kind.name}: {form.name.replace('_', ' ')}",
            "description": form.kind.command_type(form.name).__doc__,
            "form": form,
            "proposal": proposal,
        }
        if proposal is not None:
            context |= {
                "seen": signing.dumps([_digest(form), proposal.version, str(proposal.command_id)], salt=SALT),
                "proposed": [
                    Proposed(
                        event_type=type_name(payload), version=version, payload=json_block(msgspec.to_builtins(payload))
                    )
                    for version, payload in enumerate(proposal.payloads, proposal.version + 1)
                ],
                "changes": json_block(msgspec.to_builtins(proposal.changes)),
            }
        return admin_page(self, request, "admin/events/command.html", context)


def _order(form: CommandForm) -> tuple[str, Any]:
    return form.cleaned_data["aggregate_id"], form.command


def _digest(form: CommandForm) -> str:
    order = msgspec.json.encode([form.kind.name, form.name, *_order(form)], order="sorted")
    return sha256(order).hexdigest()


def _seen(request: HttpRequest, form: CommandForm) -> tuple[int, UUID] | None:
    """The version and command id of the dry run that was shown, if it was of this very command."""
    try:
        digest, version, command_id = signing.loads(request.POST.get("seen", ""), salt=SALT, max_age=SEEN_FOR)
    except signing.BadSignature:
        return None
    return (version, UUID(command_id)) if digest == _digest(form) else None


def _execute(request: HttpRequest, form: CommandForm, version: int, command_id: UUID) -> Executed:
    metadata = current_context().metadata | {METADATA: {"reason": form.cleaned_data["why"]}}
    with event_context(metadata=metadata):
        answer = execute(
            *_order(form),
            command_id=command_id,
            expected_version=version,
            user_id=actor_of(request),
            one_at_a_time=form.cleaned_data["one_at_a_time"],
        )
    log.info("command executed", **_about(request, form), event_ids=[str(event_id) for event_id in answer.event_ids])
    return answer


def _about(request: HttpRequest, form: CommandForm) -> dict[str, Any]:
    return {
        "actor": actor_of(request),
        "reason": form.cleaned_data["why"],
        "command": f"{form.kind.name}/{form.name}",
        "aggregate_id": form.cleaned_data["aggregate_id"],
    }


def _refuse(request: HttpRequest, command: str) -> NoReturn:
    log.warning("command forbidden", actor=actor_of(request), command=command)
    raise PermissionDenied
