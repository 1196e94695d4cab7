"""Path parameters: JSON Schema describes what a part of an address can be, from the converter that takes it."""

import re
from typing import Any

from django.urls import converters

_DIGITS = re.compile(r"\[0-9\]\{1,(?P<most>\d+)\}")
_WORDS = re.compile(r"\w+(\|\w+)+")
_PARAMETER = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>[^>]+)>")


def path_parameters(route: str) -> dict[str, dict[str, Any]]:
    """The schemas of a route's parameters by their names, such as of `streams/<str:aggregate_type>`."""
    known = converters.get_converters()
    return {found["name"]: _schema(known[found["converter"] or "str"]) for found in _PARAMETER.finditer(route)}


def _schema(converter: Any) -> dict[str, Any]:
    if isinstance(converter, converters.UUIDConverter):
        return {"type": "string", "format": "uuid"}
    if digits := _DIGITS.fullmatch(converter.regex):
        return {"type": "integer", "minimum": 0, "maximum": 10 ** int(digits["most"]) - 1}
    if _WORDS.fullmatch(converter.regex):
        return {"type": "string", "enum": converter.regex.split("|")}
    # No address has a NUL that leads anywhere.
    return {"type": "string", "pattern": f"^{converter.regex}$".replace("[^/]", r"[^/\x00]")}
