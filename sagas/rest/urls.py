"""Addresses of sagas, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from sagas.operating.actions import ACTIONS
from sagas.rest import views


class SagaVerb(StringConverter):
    """What an operator can do to an instance."""

    regex = "|".join(ACTIONS)


register_converter(SagaVerb, "saga_verb")

urlpatterns = [
    path("sagas", views.SagasView.as_view(), name="sagas"),
    path("sagas/<uuid:saga_id>", views.SagaDetailView.as_view(), name="saga"),
    path("sagas/<uuid:saga_id>/<saga_verb:verb>", views.SagaVerbView.as_view(), name="saga-operation"),
]
