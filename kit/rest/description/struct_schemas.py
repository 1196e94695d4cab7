"""Struct schemas: drf-spectacular takes msgspec structs as it takes serializers, each as a component."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ComponentIdentity, ResolvedComponent

from kit.rest.query import Query

Schema = dict[str, Any]
Components = dict[str, Schema]
"""Schemas by the names of their components."""
REFERENCE = "#/components/schemas/{name}"


def describes(name: str) -> Callable[[Callable[[Schema], Components]], Callable[[Schema], Components]]:
    """Let a function make the component of this name, and others that it refers to, out of what the struct says.

    For a struct, or a list of structs, of which a registry or the configuration knows more than its fields say.
    """

    def register(own: Callable[[Schema], Components]) -> Callable[[Schema], Components]:
        _own_descriptions[name] = own
        return own

    return register


_own_descriptions: dict[str, Callable[[Schema], Components]] = {}


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Describes structs, generic ones such as `Page[Item]`, and lists of structs, each as a component."""

    @classmethod
    def _matches(cls, target: Any) -> bool:
        return _is_struct(_plain(target)) or _is_struct(_item(target))

    def __init__(self, target: Any) -> None:
        super().__init__(target)  # type: ignore[no-untyped-call]
        self.schema: dict[str, Any]
        self.name: str
        (schema,), self.components = msgspec.json.schema_components([target], ref_template=REFERENCE)
        if "$ref" in schema:
            self.name = schema.pop("$ref").removeprefix(REFERENCE.format(name=""))
            self.schema = self.components.pop(self.name) | schema
        else:
            self.name = f"{_item(target).__name__}List"
            self.schema = schema
        if own := _own_descriptions.get(self.name):
            self.components |= own(self.schema)
            self.schema = self.components.pop(self.name)

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return self.name

    def get_identity(self, auto_schema: Any, direction: Any) -> ComponentIdentity:
        """The schema: two structs of one name must be described alike, or drf-spectacular warns."""
        return _identity(self.schema)

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema. The structs inside become components too."""
        if _is_query(self.target):
            return self.schema | {"properties": {n: _parameter(p) for n, p in self.schema["properties"].items()}}
        for name, schema in self._inner():
            inner = ResolvedComponent(  # type: ignore[no-untyped-call]
                name, ResolvedComponent.SCHEMA, schema, _identity(schema)
            )
            auto_schema.registry.register_on_missing(inner)
        return self.schema

    def _inner(self) -> Iterator[tuple[str, Schema]]:
        for name, schema in self.components.items():
            own = _own_descriptions.get(name)
            yield from own(schema).items() if own else [(name, schema)]


def _identity(schema: Any) -> ComponentIdentity:
    return ComponentIdentity(schema)  # type: ignore[no-untyped-call]


def _plain(target: Any) -> Any:
    """A type without what is said about it."""
    return get_args(target)[0] if get_origin(target) is Annotated else target


def _item(target: Any) -> Any:
    """What a list is one of, also with constraints on its length; None for anything else."""
    plain = _plain(target)
    return get_args(plain)[0] if get_origin(plain) is list else None


def _is_struct(target: Any) -> bool:
    return isinstance(get_origin(target) or target, msgspec.StructMeta)


def _is_query(target: Any) -> bool:
    return isinstance(target, type) and issubclass(target, Query)


def _parameter(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema. It may be left out, and is never null; where nothing else is said, it is a text."""
    given = {name: value for name, value in schema.items() if value not in (None, "")}
    (either,) = [part for part in given.pop("anyOf", [{}]) if part != {"type": "null"}]
    parameter: dict[str, Any] = {"type": "string"} | given | either
    return parameter
