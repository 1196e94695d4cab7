"""Pages of the admin: their addresses, pages that are no list and no row, and the way on from a dialog."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from kit.links import link_to


def list_url(model: str, **filters: object) -> str:
    """The list of a model, which is named `app_model`, narrowed by filters of the list."""
    return link_to(f"admin:{model}_changelist", **filters)


def row_url(model: str, key: object) -> str:
    """The page of one row of a model, which is named `app_model`."""
    return link_to(f"admin:{model}_change", quote(str(key)))


def admin_page(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, template: str, context: dict[str, Any]
) -> TemplateResponse:
    """A page of a template's own, within the frame of the admin site."""
    frame = model_admin.admin_site.each_context(request) | {"opts": model_admin.opts}
    return TemplateResponse(request, template, frame | context)


def redirect_from_dialog(url: str) -> HttpResponse:
    """Go on to a page after a dialog: it was sent by a script, which goes where this header says."""
    return HttpResponse(headers={"HX-Redirect": url})
