"""Addresses of sagas, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from kit.rest import converters  # noqa: F401 - registers them
from sagas.operating.actions import ACTIONS
from sagas.rest import operations, views


class SagaVerb(StringConverter):
    """What an operator can do to an instance."""

    regex = "|".join(ACTIONS)


register_converter(SagaVerb, "saga_verb")

OPERATION = "sagas/operations/<number:operation_id>"

urlpatterns = [
    path("sagas", views.SagasView.as_view(), name="sagas"),
    path("sagas/operations", operations.OperationsView.as_view(), name="saga-bulk-operations"),
    path(OPERATION, operations.OperationDetailView.as_view(), name="saga-bulk-operation"),
    path(f"{OPERATION}/cancel", operations.CancelOperationView.as_view(), name="saga-bulk-operation-cancel"),
    path("sagas/<uuid:saga_id>", views.SagaDetailView.as_view(), name="saga"),
    path("sagas/<uuid:saga_id>/<saga_verb:verb>", views.SagaVerbView.as_view(), name="saga-operation"),
]
