"""API view: who may call it, what it reads and how it answers are Nova's own, whatever a project's defaults are.

A project that has no `REST_FRAMEWORK` settings, or others, opens or changes nothing of Nova's API by that. What it
wants otherwise it says in `NOVA_REST_FRAMEWORK`, with the keys of REST framework's settings.
"""

from typing import Any, cast

from django.conf import settings
from rest_framework.settings import DEFAULTS, IMPORT_STRINGS, APISettings
from rest_framework.views import APIView

# By name: kit is below what these are in.
NOVA = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["nova.rest.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["nova.rest.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["nova.rest.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["nova.rest.json.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["nova.rest.throttling.TokenThrottle"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nova.rest.negotiation.ContentNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_VERSIONING_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "nova.rest.errors.problem_response",
    "URL_FORMAT_OVERRIDE": None,
}


def own_settings() -> APISettings:
    """REST framework's settings as Nova's views have them."""
    return APISettings(cast("Any", NOVA | getattr(settings, "NOVA_REST_FRAMEWORK", {})), DEFAULTS, IMPORT_STRINGS)


class ApiView(APIView):
    """A view of Nova's API. Subclasses name the scope of each of their methods in `required_scopes`."""

    settings = own_settings()
    authentication_classes = settings.DEFAULT_AUTHENTICATION_CLASSES
    permission_classes = settings.DEFAULT_PERMISSION_CLASSES
    renderer_classes = settings.DEFAULT_RENDERER_CLASSES
    parser_classes = settings.DEFAULT_PARSER_CLASSES
    throttle_classes = settings.DEFAULT_THROTTLE_CLASSES
    content_negotiation_class = settings.DEFAULT_CONTENT_NEGOTIATION_CLASS
    metadata_class = settings.DEFAULT_METADATA_CLASS
    versioning_class = settings.DEFAULT_VERSIONING_CLASS
    schema = settings.DEFAULT_SCHEMA_CLASS()
