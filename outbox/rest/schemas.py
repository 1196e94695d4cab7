"""OpenAPI of the outbox's requests and answers."""

from typing import Any

import msgspec

REFERENCE = "#/$defs/{name}"


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type, with the types inside it written out in place."""
    (schema,), definitions = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    inlined: dict[str, Any] = _inline(schema, definitions)
    return inlined


def page_of(kind: Any) -> dict[str, Any]:
    """A page of items; `next` is the `after` of the page after it."""
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": schema_of(kind)},
            "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }


def _inline(part: Any, definitions: dict[str, Any]) -> Any:
    match part:
        case {"$ref": str(reference)}:
            return _inline(definitions[reference.removeprefix(REFERENCE.format(name=""))], definitions)
        case dict():
            return {key: _inline(value, definitions) for key, value in part.items() if key != "title"}
        case list():
            return [_inline(value, definitions) for value in part]
        case _:
            return part
