"""List filters of sagas: where they stand, of which definition, at which step, and for how long."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from sagas.definition.registry import sagas
from sagas.exceptions import InvalidArgument
from sagas.machine.instance import Status
from sagas.models import SagaState
from sagas.operating.selection import SagaFilter, condition_of

AGES: Mapping[str, tuple[str, timedelta]] = {
    "5m": ("5 minutes", timedelta(minutes=5)),
    "1h": ("an hour", timedelta(hours=1)),
    "1d": ("a day", timedelta(days=1)),
    "7d": ("a week", timedelta(days=7)),
}
"""By what stands in the address."""


def long_ago(age: str) -> datetime:
    """The time that lies so long back."""
    return datetime.now(UTC) - AGES[age][1]


class _ByFilter(SimpleListFilter):
    """Narrows the list by a field of the filter that operations take, too."""

    field: ClassVar[str]

    def chosen(self) -> Any:
        """The field's value for what is chosen."""
        return self.value()

    def queryset(self, request: HttpRequest, queryset: "QuerySet[SagaState]") -> "QuerySet[SagaState]":
        """The rows of the choice."""
        if self.value() is None:
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        try:
            return queryset.filter(condition_of(SagaFilter(**{self.field: self.chosen()})))
        except InvalidArgument:
            return queryset.none()


class StandFilter(_ByFilter):
    """Narrows the list to what needs somebody, or to one status."""

    title = "stands"
    parameter_name = field = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        return stands()


class DefinitionFilter(_ByFilter):
    """Narrows the list to one saga: one that the code has, or one whose instances it has outlived."""

    title = "saga"
    parameter_name = field = "saga"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        names = dict.fromkeys([*(saga.name for saga in sagas), *filter(None, [request.GET.get(self.parameter_name)])])
        return [(name, name) for name in names]


class StepFilter(_ByFilter):
    """Narrows the list to the instances at one step, once one saga is chosen."""

    title = "step"
    parameter_name = field = "current_step"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        wanted = request.GET.get("saga")
        return [(step.name, step.name) for saga in sagas if saga.name == wanted for step in saga.steps()]


class _AgeFilter(_ByFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        return ages()

    def chosen(self) -> datetime:
        """The time before which it was."""
        return long_ago(str(self.value()))


class UnmovedFilter(_AgeFilter):
    """Narrows the list to what has made no transition for so long."""

    title = "unmoved for more than"
    parameter_name = "unmoved"
    field = "moved_before"


class StartedFilter(_AgeFilter):
    """Narrows the list to what began so long ago."""

    title = "began more than … ago"
    parameter_name = "started"
    field = "started_before"


def stands() -> list[tuple[str, str]]:
    """Where instances can stand, with what people read."""
    return [("stuck", "waits for an operator"), *((status, status.replace("_", " ")) for status in Status)]


def ages() -> list[tuple[str, str]]:
    """How old something can be, with what people read."""
    return [(age, label) for age, (label, _) in AGES.items()]
