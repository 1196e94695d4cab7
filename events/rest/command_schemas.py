"""How does OpenAPI describe commands and states? From the very structs that commands are."""

from typing import Any

import msgspec

from events.aggregates import Aggregate, Command, aggregates

_UUID = {"type": "string", "format": "uuid"}
_REFERENCE = "#/$defs/{name}"
_ADDRESS: dict[str, Any] = {
    "aggregate_id": {"type": "string", "minLength": 1, "maxLength": 255},
    "command_id": _UUID | {"description": "Makes a repetition harmless; chosen by Nova when left out."},
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
    described: dict[str, Any] = _inline(schema, definitions)
    return described | {
        "title": f"{aggregate.name}/{name}",
        "required": ["aggregate_id", *described.get("required", [])],
        "properties": _ADDRESS | described["properties"],
    }


COMMAND: dict[str, Any] = {
    "description": "The fields of the command that the address names, one of these.",
    "anyOf": [
        command_schema(aggregate, name, command)
        for aggregate in sorted(aggregates, key=lambda kind: kind.name)
        for name, command in aggregate.commands.items()
    ],
}
_STREAM = {"aggregate_type": {"type": "string"}, "aggregate_id": {"type": "string"}}
EXECUTED = {
    "type": "object",
    "properties": {
        **_STREAM,
        "command_id": _UUID,
        "version": {"type": "integer", "description": "The aggregate's version after the command."},
        "events": {
            "type": "array",
            "description": "What happened; empty when all was so already.",
            "items": {
                "type": "object",
                "properties": {
                    "event_id": _UUID,
                    "event_type": {"type": "string"},
                    "version": {"type": "integer"},
                    "position": {"type": "integer"},
                    "payload": {"type": "object"},
                },
            },
        },
    },
}
STATE = {
    "type": "object",
    "properties": {
        **_STREAM,
        "version": {"type": "integer", "description": "Of the last event that counts in the state."},
        "state": {"type": "object"},
    },
}
DIFFERENCE = {
    "type": "object",
    "properties": {
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "changes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) to the field in the state."},
                    "change": {"type": "string", "enum": ["added", "removed", "changed"]},
                    "old": {},
                    "new": {},
                },
            },
        },
    },
}
