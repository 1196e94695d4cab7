"""OpenAPI of commands and states, from the very structs that commands are."""

from typing import Any

from events.aggregates.aggregate import aggregates
from events.commands.schemas import UUID_TEXT, command_schema

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
        "command_id": UUID_TEXT,
        "version": {"type": "integer", "description": "The aggregate's version after the command."},
        "events": {
            "type": "array",
            "description": "What happened; empty when all was so already.",
            "items": {
                "type": "object",
                "properties": {
                    "event_id": UUID_TEXT,
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
