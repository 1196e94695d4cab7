"""Content negotiation: malformed headers name no media type, instead of failing."""

from collections.abc import Iterable

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from kit.rest.settings import API_SETTINGS

ANYTHING = "*/*"


class ContentNegotiation(DefaultContentNegotiation):
    """REST framework's negotiation, which trips over encodings that Python does not know (RFC 8187 parameters)."""

    settings = API_SETTINGS  # type: ignore[assignment]  # the stubs know the default one only

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser; None for a 415."""
        try:
            return super().select_parser(request, parsers)
        except (LookupError, ValueError):
            return None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and its media type; raises `NotAcceptable` for a 406."""
        renderers = list(renderers)
        first = renderers[0]
        # As nearly everybody asks; REST framework would come to the same.
        accepted = request.META.get("HTTP_ACCEPT", ANYTHING)
        if accepted in {ANYTHING, first.media_type} and not format_suffix and not request.META.get("QUERY_STRING"):
            return first, first.media_type
        try:
            found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        except (LookupError, ValueError):
            raise NotAcceptable from None
        return found
