"""Event bodies: how an event that a client sends is described, one schema for each registered type.

Where unregistered types are taken (`NOVA_ACCEPT_UNREGISTERED_EVENTS`), any other name with any object is one more.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from events.clock import CLOCK, HIGHEST_CLAIMED
from events.conf import events_conf
from events.rest.requests import EventBody, WriteBody
from events.types.registry import EventType, registry
from events.types.stream_closed import CLOSED
from kit.json.schema import MAX_INTEGER, storable
from kit.rest.description.struct_schemas import REFERENCE, Components, Schema, describes

EventList = Annotated[list[EventBody], Meta(min_length=1)]
"""The body of an append."""
WriteList = Annotated[list[WriteBody], Meta(min_length=1)]
"""The body of an append to several streams."""
PAYLOADS = "payload.{name}"
UNREGISTERED = "unregistered-event"
VALUE: Schema = {"$ref": REFERENCE.format(name="json-value")}
JSON_VALUE: Schema = {
    "description": "Any value of I-JSON (RFC 7493).",
    "anyOf": [
        {"type": ["null", "boolean", "string"]},
        {"type": "number", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER},
        {"type": "array", "items": VALUE},
        {"type": "object", "additionalProperties": VALUE},
    ],
}
OBJECT: Schema = {"type": "object", "additionalProperties": VALUE}
METADATA: Schema = OBJECT | {
    "patternProperties": {f"^{CLOCK}$": {"type": "integer", "minimum": 0, "maximum": HIGHEST_CLAIMED}},
    "default": {},
}


@describes("EventBodyList")
def event_list(schema: Schema) -> Components:
    """An append holds a limited number of events."""
    return {"EventBodyList": schema | {"maxItems": events_conf().max_append_events}}


@describes("WriteBody")
def write_body(schema: Schema) -> Components:
    """So does each write of several."""
    events = schema["properties"]["events"] | {"maxItems": events_conf().max_append_events}
    return {"WriteBody": schema | {"properties": schema["properties"] | {"events": events}}}


@describes("EventBody")
def event_body(schema: Schema) -> Components:
    """An event is one of the types that clients may send; what is common to all is told by the struct."""
    types = [known for known in registry if known.name != CLOSED]
    payloads, components = msgspec.json.schema_components(
        [known.payload for known in types], ref_template=REFERENCE.format(name=PAYLOADS)
    )
    variants = {known.name: _variant(schema, known, payload) for known, payload in zip(types, payloads, strict=True)}
    choice: Schema = {"discriminator": {"propertyName": "event_type", "mapping": {n: _ref(n) for n in variants}}}
    if events_conf().accept_unregistered:
        # A discriminator could not lead to it: its name is any other.
        choice = {}
        variants[UNREGISTERED] = _event(
            schema,
            title=UNREGISTERED,
            event_type=schema["properties"]["event_type"] | {"not": {"enum": [known.name for known in registry]}},
            payload=OBJECT,
        )
    return {
        "EventBody": {"description": schema["description"], "oneOf": [{"$ref": _ref(n)} for n in variants], **choice},
        **variants,
        **{PAYLOADS.format(name=name): _strict(storable(component)) for name, component in components.items()},
        "json-value": JSON_VALUE,
    }


def _variant(schema: Schema, known: EventType, payload: Schema) -> Schema:
    event_type = {"const": known.name}
    if known.version == 1:
        versions = {"enum": [None, 1]}
        return _event(schema, title=known.name, event_type=event_type, payload=payload, schema_version=versions)
    # What a payload of an older version looks like, no class says any more.
    older = {"type": "integer", "minimum": 1, "maximum": known.version - 1}
    written = {"anyOf": [{"required": ["schema_version"], "properties": {"schema_version": older}}, _with(payload)]}
    versions = {"enum": [None, *range(1, known.version + 1)]}
    return written | _event(
        schema, title=known.name, event_type=event_type, payload={"type": "object"}, schema_version=versions
    )


def _with(payload: Schema) -> Schema:
    return {"properties": {"payload": payload}}


def _event(schema: Schema, *, title: str, **fields: Any) -> Schema:
    properties = schema["properties"] | {"metadata": METADATA} | fields
    return {name: value for name, value in schema.items() if name != "description"} | {
        "title": title,
        "properties": properties,
    }


def _ref(name: str) -> str:
    return REFERENCE.format(name=name)


def _strict(schema: Schema) -> Schema:
    """A payload has no unknown fields when it is sent: they would be lost."""
    return {"additionalProperties": False} | schema if "properties" in schema else schema
