"""Command schemas: JSON Schema describes a command from the very struct that it is, without references."""

from typing import Any

import msgspec

from events.aggregates.aggregate import Aggregate, Command
from events.identifiers import AGGREGATE_ID
from kit.json.schema import pattern_of, storable

UUID_TEXT = {"type": "string", "format": "uuid"}
ONE_AT_A_TIME = (
    "Wait for other commands on the aggregate that ask for this too, whichever process has them, instead of being "
    "overtaken and deciding again."
)
_REFERENCE = "#/$defs/{name}"
_BESIDE: dict[str, Any] = {
    "aggregate_id": {"type": "string", "pattern": pattern_of(AGGREGATE_ID), "minLength": 1, "maxLength": 255},
    "command_id": {
        "anyOf": [UUID_TEXT, {"type": "null"}],
        "description": "Makes a repetition harmless; chosen by Nova when left out.",
    },
    "one_at_a_time": {"type": "boolean", "default": False, "description": ONE_AT_A_TIME},
}


def _inline(part: Any, definitions: dict[str, Any]) -> Any:
    match part:
        case {"$ref": str(reference)}:
            return _inline(definitions[reference.removeprefix(_REFERENCE.format(name=""))], definitions)
        case dict():
            return {key: _inline(value, definitions) for key, value in part.items()}
        case list():
            return [_inline(value, definitions) for value in part]
        case _:
            return part


def command_schema(aggregate: Aggregate[Any], name: str, command: type[Command]) -> dict[str, Any]:
    """The body of a command."""
    (schema,), definitions = msgspec.json.schema_components([command], ref_template=_REFERENCE)
    body: dict[str, Any] = storable(_inline(schema, definitions))
    return body | {
        "title": f"{aggregate.name}/{name}",
        "required": ["aggregate_id", *body.get("required", [])],
        "properties": _BESIDE | body["properties"],
    }
