"""Schema compatibility: a changed JSON Schema has to hold what the old one held, or the payload needs a new version.

Two readers have to go on: the code that reads what was stored under the old schema, and consumers that were written
for the old one. So whatever was allowed stays allowed, whatever was there stays there, and nothing becomes required. An
optional field or another value of an enumeration may be added.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

# Limits by the direction in which they get tighter.
_TIGHTER_WHEN_LOWER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_TIGHTER_WHEN_HIGHER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_TIGHTER_WHEN_OTHER = ("format", "pattern", "multipleOf", "contentEncoding")
_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What the new schema takes away, each with a JSON pointer into the payload; nothing when it is compatible."""
    return list(dict.fromkeys(_Comparison(old, new).changes(old, new, "")))


class _Comparison:
    """Two documents whose `$ref`s lead to definitions of their own."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        # By identity, for definitions that refer to themselves are compared once.
        self._compared: set[tuple[int, int]] = set()

    def changes(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = _alternatives(old, self._old), _alternatives(new, self._new)
        if len(before) == len(after) == 1:
            yield from self._of_one(before[0], after[0], place)
            return
        for alternative in before:
            if not any(self._holds(candidate, alternative) for candidate in after):
                alike = [candidate for candidate in after if _name(candidate) == _name(alternative)]
                if len(alike) == 1:
                    yield from self._of_one(alternative, alike[0], place)
                else:
                    yield f"{place or '/'}: {_kind(alternative)} is no longer allowed"

    def _holds(self, new: Schema, old: Schema) -> bool:
        trial = _Comparison(self._old, self._new)
        trial._compared = set(self._compared)
        return next(trial._of_one(old, new, ""), None) is None

    def _of_one(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        if (id(old), id(new)) in self._compared:
            return
        self._compared.add((id(old), id(new)))
        here = place or "/"
        if not all(_type_holds(name, new.get("type")) for name in _types(old)):
            yield f"{here}: {_kind(old)} has become {_kind(new)}"
            return
        yield from self._values(old, new, here)
        yield from _limits(old, new, here)
        yield from self._fields(old, new, place)
        yield from self._items(old, new, place)

    def _values(self, old: Schema, new: Schema, here: str) -> Iterator[str]:
        before, after = _enumerated(old), _enumerated(new)
        if after is None:
            return
        if before is None:
            yield f"{here}: only {_listed(after)} is allowed now"
        elif gone := [value for value in before if value not in after]:
            yield f"{here}: {_listed(gone)} is no longer allowed"

    def _fields(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = [name for name in new.get("required", ()) if name not in old.get("required", ())]
        for name in before:
            if name not in after:
                yield f"{place}/{name}: the field is gone"
            else:
                yield from self.changes(before[name], after[name], f"{place}/{name}")
        for name in required:
            yield f"{place}/{name}: " + ("optional before, required now" if name in before else "a new required field")
        others_before, others_after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if others_after is False and others_before is not False:
            yield f"{place or '/'}: other fields are no longer allowed"
        elif isinstance(others_after, Mapping) and others_before is not False:
            yield from self.changes(_as_schema(others_before), others_after, f"{place}/*")

    def _items(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        first_before, first_after = old.get("prefixItems", []), new.get("prefixItems", [])
        rest_before, rest_after = old.get("items", True), new.get("items", True)
        for index, after in enumerate(first_after):
            before = first_before[index] if index < len(first_before) else rest_before
            if before is not False:
                yield from self.changes(_as_schema(before), after, f"{place}/{index}")
        for index, before in enumerate(first_before[len(first_after) :], len(first_after)):
            if rest_after is False:
                yield f"{place}/{index}: the item is gone"
            else:
                yield from self.changes(before, _as_schema(rest_after), f"{place}/{index}")
        if rest_after is False and rest_before is not False:
            yield f"{place or '/'}: other items are no longer allowed"
        elif isinstance(rest_after, Mapping) and rest_before is not False:
            yield from self.changes(_as_schema(rest_before), rest_after, f"{place}/*")


def _alternatives(schema: Schema, document: Schema) -> list[Schema]:
    """The schemas of which one has to hold, without references and unions."""
    while "$ref" in schema:
        schema = document.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    if "anyOf" in schema:
        return [single for part in schema["anyOf"] for single in _alternatives(part, document)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": name} for name in schema["type"]]
    return [schema]


def _name(schema: Schema) -> tuple[str | None, str | None]:
    return schema.get("type"), schema.get("title")


def _as_schema(schema: Any) -> Schema:
    return schema if isinstance(schema, Mapping) else {}


def _types(schema: Schema) -> set[str | None]:
    values = _enumerated(schema)
    if "type" in schema or values is None:
        return {schema.get("type")}
    return {_TYPES.get(type(value)) for value in values}


def _type_holds(old: str | None, new: str | None) -> bool:
    return new is None or old == new or (old, new) == ("integer", "number")


def _enumerated(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _limits(old: Schema, new: Schema, here: str) -> Iterator[str]:
    for name in _TIGHTER_WHEN_LOWER:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{here}: {name} is {new[name]} now and was {old.get(name, 'not limited')}"
    for name in _TIGHTER_WHEN_HIGHER:
        if name in new and (name not in old or new[name] > old[name]) and (new[name] > 0 or name.endswith("imum")):
            yield f"{here}: {name} is {new[name]} now and was {old.get(name, 'not limited')}"
    for name in _TIGHTER_WHEN_OTHER:
        if name in new and new[name] != old.get(name):
            yield f"{here}: {name} is {new[name]} now and was {old.get(name, 'not limited')}"


def _kind(schema: Schema) -> str:
    values = _enumerated(schema)
    if values is not None:
        return _listed(values)
    return str(schema.get("title") or schema.get("type") or "anything")


def _listed(values: list[Any]) -> str:
    return ", ".join(repr(value) for value in values)
