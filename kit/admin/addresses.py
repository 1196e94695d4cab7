"""Odd addresses: whatever an address of the admin says, its answer is a page, a redirect or a 404."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

# How the filters of Django's admin look for a text, a choice or a time; "" is the value itself.
LOOKUPS = ("", "exact", "isnull", "gte", "lt")


class OddAddresses:
    """Mixed into a model's admin, it keeps from the database what that would choke on."""

    list_filter: Any

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, without what no text in the database can have."""
        request.GET = _without_nul(request.GET)  # type: ignore[assignment]
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row that the address names, or None."""
        if "\0" in object_id:
            return None
        return super().get_object(request, object_id, from_field)  # type: ignore[misc]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Take from an address what the filters of the list say, and nothing else."""
        name, _, how = lookup.partition("__")
        filters = {one if isinstance(one, str) else getattr(one, "parameter_name", "") for one in self.list_filter}
        return name in filters and how in LOOKUPS


def _without_nul(query: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        if possible := [value for value in values if "\0" not in value]:
            kept.setlist(name, possible)
    return kept
