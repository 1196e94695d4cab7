"""API view: who may call it, what it reads and how it answers are Nova's own, whatever a project's defaults are.

A project that has no `REST_FRAMEWORK` settings, or others, opens or changes nothing of Nova's API by that.
"""

from rest_framework.views import APIView

from kit.rest.settings import API_SETTINGS


class ApiView(APIView):
    """A view of Nova's API. Subclasses name the scope of each of their methods in `required_scopes`."""

    settings = API_SETTINGS
    authentication_classes = settings.DEFAULT_AUTHENTICATION_CLASSES
    permission_classes = settings.DEFAULT_PERMISSION_CLASSES
    renderer_classes = settings.DEFAULT_RENDERER_CLASSES
    parser_classes = settings.DEFAULT_PARSER_CLASSES
    throttle_classes = settings.DEFAULT_THROTTLE_CLASSES
    content_negotiation_class = settings.DEFAULT_CONTENT_NEGOTIATION_CLASS
    metadata_class = settings.DEFAULT_METADATA_CLASS
    versioning_class = settings.DEFAULT_VERSIONING_CLASS
    schema = settings.DEFAULT_SCHEMA_CLASS()
