"""API view: who may call it, what it reads and how it answers are Nova's own, whatever a project's defaults are.

A project that has no `REST_FRAMEWORK` settings, or others, opens or changes nothing of Nova's API by that.
"""

from typing import Any, ClassVar

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

    _allowed: ClassVar[list[str]] = ["OPTIONS"]
    # None of them has a state: those of the class do for all requests.
    _parsers: ClassVar[list[Any]]
    _renderers: ClassVar[list[Any]]
    _authenticators: ClassVar[list[Any]]
    _permissions: ClassVar[list[Any]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Django gives HEAD to a view that has GET.
        served = {name for name in cls.http_method_names if hasattr(cls, name)}
        if "get" in served:
            served.add("head")
        cls._allowed = [name.upper() for name in cls.http_method_names if name in served]
        cls._parsers = [parser() for parser in cls.parser_classes]
        cls._renderers = [renderer() for renderer in cls.renderer_classes]
        cls._authenticators = [authentication() for authentication in cls.authentication_classes]
        cls._permissions = [permission() for permission in cls.permission_classes]

    @property
    def allowed_methods(self) -> list[str]:
        """The methods that the view serves, which stand in each answer."""
        return self._allowed

    def get_parsers(self) -> list[Any]:
        """Those that may read a body."""
        return self._parsers

    def get_renderers(self) -> list[Any]:
        """Those that may write an answer."""
        return self._renderers

    def get_authenticators(self) -> list[Any]:
        """Those who may know the caller."""
        return self._authenticators

    def get_permissions(self) -> list[Any]:
        """Those who may refuse."""
        return self._permissions
