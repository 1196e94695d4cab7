"""JSON parser and renderer: read strictly, as I-JSON (RFC 7493), and written by msgspec."""

from typing import IO, Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from events.api import loads_json
from nova.conf import nova_conf

UTF_8 = frozenset({"utf-8", "utf8"})


class UnsupportedEncoding(UnsupportedMediaType):
    """The body is encoded, as `Content-Encoding` says, in a way that nobody here undoes."""

    def __init__(self, encoding: str) -> None:
        super().__init__("", f"the Content-Encoding {encoding!r} is not understood; send the body as it is")


class JSONParser(BaseParser):
    """Takes `application/json` and everything that ends in `+json`, in UTF-8."""

    media_type = "application/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value of the body. Raises `events.api.InvalidJSON` with a pointer, or `UnsupportedMediaType`."""
        if parser_context is not None:
            _check_encoding(parser_context["request"].headers.get("Content-Encoding", ""))
        kind, parameters = parse_header_parameters(media_type or "")
        if kind != "application/json" and not kind.endswith("+json"):
            raise UnsupportedMediaType(media_type or "")
        if parameters.get("charset", "utf-8").lower() not in UTF_8:
            raise UnsupportedMediaType(media_type or "", "JSON comes in UTF-8")
        # Django checks the announced length only; a body may come without one.
        most = nova_conf().max_body_bytes or -1
        body = stream.read(most + 1 if most > 0 else -1)
        if len(body) > most > 0:
            raise RequestDataTooBig
        return loads_json(body)


def _check_encoding(header: str) -> None:
    for encoding in header.split(","):
        if encoding.strip().lower() not in {"identity", ""}:
            raise UnsupportedEncoding(encoding.strip())


class JSONRenderer(BaseRenderer):
    """Gives `application/json`; times, UUIDs and structs are said as msgspec says them."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The text in UTF-8; nothing for None, which is the body of a 204."""
        return b"" if data is None else msgspec.json.encode(data)
