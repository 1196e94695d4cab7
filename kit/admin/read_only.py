"""Read-only admin: shows rows that nobody adds, changes or deletes there."""

from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Shows and never changes. Actions on rows may ask for the permission to `operate`."""

    # Tables of events are too long to be counted for every page.
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    operate_permission = ""
    """The permission of those who may act on rows; without one, it is the permission to change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes here."""
        return False

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who may act on rows."""
        permission = self.operate_permission or f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(permission))

    def term_filter(self, term: str) -> Q | None:
        """Which rows a search term names; None to search in `search_fields`."""
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The rows that the term names."""
        term = search_term.strip()
        if "\0" in term:  # PostgreSQL takes none in a text
            return queryset.none(), False
        # Also to the letter: what a link names may begin or end with a blank.
        found = [self.term_filter(one) for one in dict.fromkeys((term, search_term)) if term]
        if conditions := [condition for condition in found if condition is not None]:
            return queryset.filter(reduce(or_, conditions)), False
        results: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
        return results


def uuid_of(term: str) -> UUID | None:
    """The id that a search term is, or None."""
    try:
        return UUID(term)
    except ValueError:
        return None
