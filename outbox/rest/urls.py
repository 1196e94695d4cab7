"""Addresses of the outbox's resources, below /api/v1/."""

from typing import Any

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from kit.rest import converters  # noqa: F401 - registers them
from outbox.models import DeadLetterOperation
from outbox.rest import consumers, dead_letters, operations, rows


class DeadLetterVerb(StringConverter):
    """What can be done to dead letters."""

    regex = "|".join(DeadLetterOperation.Verb.values)


class RowVerb(StringConverter):
    """What can be done to outbox rows."""

    regex = "|".join(rows.VERBS)


class ControlVerb(StringConverter):
    """What can be done to a part of what a consumer group consumes."""

    regex = "pause|resume"


CONVERTERS: dict[str, Any] = {
    "dead_letter_verb": DeadLetterVerb,
    "row_verb": RowVerb,
    "control_verb": ControlVerb,
}
for _name, _converter in CONVERTERS.items():
    register_converter(_converter, _name)

DEAD_LETTER, GROUP, ROW = (
    "dead-letters/<number:letter_id>",
    "failure-groups/<slug:failure_group>",
    "outbox/<number:row_id>",
)
CONSUMER = "consumers/<str:group>"

urlpatterns = [
    path("dead-letters", dead_letters.DeadLettersView.as_view(), name="dead-letters"),
    path(DEAD_LETTER, dead_letters.DeadLetterDetailView.as_view(), name="dead-letter"),
    path(f"{DEAD_LETTER}/edit", dead_letters.DeadLetterEditView.as_view(), name="dead-letter-edit"),
    path(
        f"{DEAD_LETTER}/<dead_letter_verb:verb>",
        dead_letters.DeadLetterVerbView.as_view(),
        name="dead-letter-operation",
    ),
    path("failure-groups", dead_letters.FailureGroupsView.as_view(), name="failure-groups"),
    path(
        f"{GROUP}/<dead_letter_verb:verb>",
        dead_letters.FailureGroupOperationView.as_view(),
        name="failure-group-operation",
    ),
    path("operations", operations.OperationsView.as_view(), name="operations"),
    path("operations/<number:operation_id>", operations.OperationDetailView.as_view(), name="operation"),
    path("operations/<number:operation_id>/cancel", operations.CancelOperationView.as_view(), name="operation-cancel"),
    path("outbox", rows.RowsView.as_view(), name="outbox-rows"),
    path("outbox/<row_verb:verb>", rows.RowsOperationView.as_view(), name="outbox-rows-operation"),
    path(ROW, rows.RowDetailView.as_view(), name="outbox-row"),
    path(f"{ROW}/route", rows.RowRouteView.as_view(), name="outbox-row-route"),
    path(f"{ROW}/<row_verb:verb>", rows.RowOperationView.as_view(), name="outbox-row-operation"),
    path("consumers", consumers.ConsumersView.as_view(), name="consumers"),
    path(CONSUMER, consumers.ConsumerDetailView.as_view(), name="consumer"),
    path(f"{CONSUMER}/drain", consumers.ConsumerDrainView.as_view(), name="consumer-drain"),
    path(f"{CONSUMER}/<control_verb:verb>", consumers.ConsumerControlView.as_view(), name="consumer-flow"),
]
