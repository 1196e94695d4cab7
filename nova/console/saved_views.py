"""Saved views in the console: operators keep filters of the log under a name, and share them if they choose to."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from events.api import InvalidArgument, LogFilter, filter_of
from kit.admin.pages import list_url
from kit.arguments import is_storable
from nova.models import SavedView

PAGE = "log"
MAX_NAME = 100
MAX_OWN = 50
MAX_SHOWN = 100
_NAMES = (*LogFilter.__struct_fields__, "stream")


@require_GET
def saved_views(request: HttpRequest) -> HttpResponse:
    """One's own and the shared ones, and what saves the present filter; a part of the list's page."""
    _check(request)
    return _shown(request, request.GET)


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the filter under a name, in place of one's own of that name."""
    user = _check(request)
    name, query = request.POST.get("name", "").strip(), QueryDict(request.POST.get("query", ""))
    if not 1 <= len(name) <= MAX_NAME or not is_storable(name):
        return _shown(request, query, f"A name has 1 to {MAX_NAME} characters.")
    try:
        kept = _filters(query)
    except InvalidArgument as error:
        return _shown(request, query, f"{error}.")
    if not kept:
        return _shown(request, query, "Narrow the list down first.")
    own = SavedView.objects.filter(owner=user, page=PAGE)
    if own.exclude(name=name)[MAX_OWN - 1 : MAX_OWN].exists():
        return _shown(request, query, f"You have {MAX_OWN} already: forget one first.")
    said = {"query": kept.urlencode(), "is_shared": "shared" in request.POST}
    SavedView.objects.update_or_create(owner=user, page=PAGE, name=name, defaults=said)
    return _shown(request, query)


@require_POST
def forget_view(request: HttpRequest) -> HttpResponse:
    """Remove one of one's own."""
    user, number = _check(request), request.POST.get("view", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        SavedView.objects.filter(owner=user, page=PAGE, pk=int(number)).delete()
    return _shown(request, QueryDict(request.POST.get("query", "")))


def _shown(request: HttpRequest, query: QueryDict, problem: str = "") -> HttpResponse:
    if request.method == "POST" and "HX-Request" not in request.headers:
        return HttpResponseRedirect(f"{list_url('events_domainevent')}?{query.urlencode()}")
    user: Any = request.user
    rows = SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), page=PAGE).select_related("owner")[:MAX_SHOWN]
    views = [
        {"row": row, "url": f"{list_url('events_domainevent')}?{row.query}", "is_own": row.owner_id == user.pk}
        for row in rows
    ]
    try:
        narrowed = bool(_filters(query))
    except InvalidArgument:
        narrowed = False
    context = {"views": views, "query": query.urlencode(), "narrowed": narrowed, "problem": problem}
    return render(request, "admin/nova/saved_views.html", context)


def _filters(query: QueryDict) -> QueryDict:
    """What narrows the list, of an address that may say more. Raises `InvalidArgument`."""
    said = {name: str(query[name]) for name in _NAMES if str(query.get(name, "")).strip()}
    filter_of(said)
    kept = QueryDict(mutable=True)
    for name, text in said.items():
        kept[name] = text
    return kept


def _check(request: HttpRequest) -> Any:
    if not request.user.has_perm("events.view_domainevent"):
        raise PermissionDenied
    return request.user
