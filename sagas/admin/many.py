"""Many sagas in the admin: what a list shows is filtered, counted, and operated as a whole, by workers."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kit.admin.bulk import BulkAdmin
from kit.admin.display import link
from kit.admin.pages import row_url
from kit.admin.read_only import uuid_of
from kit.admin.reasons import actor_of
from sagas.admin.forms import SagasForm
from sagas.operating.actions import ACTIONS
from sagas.operating.operations import VERBS, start_operation
from sagas.operating.selection import affected


class ManySagasAdmin(BulkAdmin):
    """Begins operations on all sagas that a filter means."""

    bulk_form = SagasForm
    verbs: ClassVar = {verb: ACTIONS[verb].explanation for verb in VERBS}
    dangerous: ClassVar = {verb for verb in VERBS if ACTIONS[verb].dangerous}

    def taken_over(self, query: QueryDict) -> dict[str, Any]:
        """What the page for many begins with; a term that was searched for is a key or a conversation."""
        term = query.get("q", "").strip()
        found = {"correlation_id" if uuid_of(term) else "key": term} if term else {}
        return query.dict() | found

    def count_bulk(self, form: SagasForm) -> int:
        """How many instances the verb would be tried on."""
        return affected(form.cleaned_data["verb"], form.selection()).count()

    def sample_bulk(self, form: SagasForm) -> list[SafeString]:
        """The first ten."""
        rows = affected(form.cleaned_data["verb"], form.selection()).order_by("updated_at", "saga_id")[:10]
        return [
            format_html("{}: {}", link(row_url("sagas_sagastate", row.pk), str(row)), row.error_message or row.status)
            for row in rows
        ]

    def start_bulk(self, request: HttpRequest, form: SagasForm) -> HttpResponse:
        """Begin an operation, and lead to it."""
        verb, reason, rate = (form.cleaned_data[name] for name in ("verb", "reason", "rate"))
        operation, _ = start_operation(
            verb, form.selection(), form.arguments(), actor=actor_of(request), reason=reason, rate=rate
        )
        self.audit(request, [operation], f"Begun with {operation.total} sagas: {reason}")
        return HttpResponseRedirect(row_url("sagas_sagaoperation", operation.pk))
