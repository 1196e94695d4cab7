"""Schema compatibility: changes that would break stored events or consumers are found, and no others."""

from enum import Enum
from typing import Annotated, Any, Literal, Optional

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct, defstruct

from events.types.compatibility import breaking_changes


def schema_of(**fields: Any) -> dict[str, Any]:
    """Of a payload with these fields; a tuple is a type with a default."""
    described = [(name, *field) if isinstance(field, tuple) else (name, field) for name, field in fields.items()]
    return msgspec.json.schema(defstruct("Payload", described, kw_only=True))


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Fewer(Enum):
    RED = "red"


class Old(Struct):
    street: str
    number: int


class Moved(Struct):
    street: str


class Node(Struct):
    name: str
    child: Optional["Node"] = None


class Narrower(Struct):
    name: Annotated[str, Meta(max_length=3)]
    child: Optional["Narrower"] = None


BREAKING = {
    "a field removed": (schema_of(a=str, b=str), schema_of(a=str), "/b: the field is gone"),
    "an optional field removed": (schema_of(a=(str, "")), schema_of(), "/a: the field is gone"),
    "a new required field": (schema_of(a=str), schema_of(a=str, b=str), "/b: a new required field"),
    "optional made required": (schema_of(a=(str, "")), schema_of(a=str), "/a: optional before, required now"),
    "another type": (schema_of(a=str), schema_of(a=int), "/a: string has become integer"),
    "a number narrowed": (schema_of(a=float), schema_of(a=int), "/a: number has become integer"),
    "null no longer allowed": (schema_of(a=str | None), schema_of(a=str), "/a: null is no longer allowed"),
    "part of a union gone": (schema_of(a=str | int), schema_of(a=int), "/a: string is no longer allowed"),
    "an enum's value removed": (schema_of(a=Colour), schema_of(a=Fewer), "/a: 'blue' is no longer allowed"),
    "a literal's value removed": (
        schema_of(a=Literal["x", "y"]),
        schema_of(a=Literal["x"]),
        "/a: 'y' is no longer allowed",
    ),
    "text made an enumeration": (schema_of(a=str), schema_of(a=Literal["x"]), "/a: only 'x' is allowed now"),
    "anything narrowed": (schema_of(a=Any), schema_of(a=str), "/a: anything has become string"),
    "a shorter text": (
        schema_of(a=Annotated[str, Meta(max_length=9)]),
        schema_of(a=Annotated[str, Meta(max_length=8)]),
        "/a: maxLength is 8 now and was 9",
    ),
    "a new limit": (
        schema_of(a=int),
        schema_of(a=Annotated[int, Meta(ge=1)]),
        "/a: minimum is 1 now and was not limited",
    ),
    "a new pattern": (
        schema_of(a=str),
        schema_of(a=Annotated[str, Meta(pattern="x")]),
        "/a: pattern is x now and was not limited",
    ),
    "a field removed deep inside": (
        schema_of(a=list[Old]),
        schema_of(a=list[Moved]),
        "/a/*/number: the field is gone",
    ),
    "a field removed inside an optional": (
        schema_of(a=Old | None),
        schema_of(a=Annotated[Moved, Meta(title="Old")] | None),
        "/a: Old is no longer allowed",
    ),
    "a mapping's values narrowed": (
        schema_of(a=dict[str, int | None]),
        schema_of(a=dict[str, int]),
        "/a/*: null is no longer allowed",
    ),
    "a tuple shortened": (schema_of(a=tuple[int, str]), schema_of(a=tuple[int]), "/a/1: the item is gone"),
    "something that refers to itself": (
        schema_of(a=Node),
        schema_of(a=Narrower),
        "/a/name: maxLength is 3 now and was not limited",
    ),
}


@pytest.mark.parametrize(("old", "new", "finding"), BREAKING.values(), ids=BREAKING)
def test_what_breaks_is_found_with_its_place(old: dict[str, Any], new: dict[str, Any], finding: str) -> None:
    assert finding in breaking_changes(old, new)


COMPATIBLE = {
    "nothing": (schema_of(a=Node, b=str | None), schema_of(a=Node, b=str | None)),
    "a new optional field": (schema_of(a=str), schema_of(a=str, b=(str, ""))),
    "required made optional": (schema_of(a=str), schema_of(a=(str, ""))),
    "null allowed": (schema_of(a=str), schema_of(a=str | None)),
    "a union widened": (schema_of(a=int | None), schema_of(a=int | str | None)),
    "an enum's value added": (schema_of(a=Fewer), schema_of(a=Colour)),
    "an enumeration opened": (schema_of(a=Literal["x"]), schema_of(a=str)),
    "a number widened": (schema_of(a=int), schema_of(a=float)),
    "anything": (schema_of(a=int), schema_of(a=Any)),
    "a limit lifted": (schema_of(a=Annotated[int, Meta(ge=1, le=5)]), schema_of(a=Annotated[int, Meta(ge=0)])),
    "another name of a class": (schema_of(a=Moved), schema_of(a=Annotated[Moved, Meta(title="Street")])),
}


@pytest.mark.parametrize(("old", "new"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_what_breaks_nobody_is_compatible(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert breaking_changes(old, new) == []


_INTEGERS = st.builds(
    lambda least, most: {"type": "integer"} | least | most,
    st.sampled_from([{}, {"minimum": 0}, {"minimum": -2}]),
    st.sampled_from([{}, {"maximum": 2}, {"exclusiveMaximum": 2}]),
)
_STRINGS = st.builds(
    lambda least, most: {"type": "string"} | least | most,
    st.sampled_from([{}, {"minLength": 1}]),
    st.sampled_from([{}, {"maxLength": 1}, {"maxLength": 2}]),
)
_SCALARS = st.one_of(
    st.sampled_from([{}, {"type": "null"}, {"type": "boolean"}, {"type": "number"}]),
    st.builds(lambda values: {"enum": sorted(values)}, st.sets(st.sampled_from("abc"), min_size=1)),
    _INTEGERS,
    _STRINGS,
)


def _composite(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda properties, required, others: (
                {
                    "type": "object",
                    "properties": properties,
                    "required": sorted(required & set(properties)),
                }
                | others
            ),
            st.dictionaries(st.sampled_from("ab"), inner),
            st.sets(st.sampled_from("ab")),
            st.sampled_from([{}, {"additionalProperties": {"type": "integer"}}, {"additionalProperties": False}]),
        ),
    )


_SCHEMAS = st.recursive(_SCALARS, _composite, max_leaves=4)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, -1.5]) | st.text("abc", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)


def as_written(schema: Any) -> Any:
    """What a class writes: no fields but its own, although readers must bear others."""
    match schema:
        case {"properties": _}:
            return {"additionalProperties": False} | {name: as_written(part) for name, part in schema.items()}
        case dict():
            return {name: as_written(part) for name, part in schema.items()}
        case list():
            return [as_written(part) for part in schema]
        case _:
            return schema


@settings(max_examples=400)
@given(
    pair=st.tuples(_SCHEMAS, _SCHEMAS) | st.tuples(_INTEGERS, _INTEGERS) | st.tuples(_STRINGS, _STRINGS),
    values=st.lists(_VALUES, min_size=5, max_size=20),
)
def test_whatever_the_old_schema_allows_a_compatible_one_allows_too(
    pair: tuple[dict[str, Any], dict[str, Any]], values: list[Any]
) -> None:
    old, new = pair
    if breaking_changes(old, new):
        return
    before, after = jsonschema.Draft202012Validator(as_written(old)), jsonschema.Draft202012Validator(new)
    for value in values:
        assert not before.is_valid(value) or after.is_valid(value)
