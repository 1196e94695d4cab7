"""OpenAPI of msgspec structs: drf-spectacular takes them as it takes serializers.

So a view is described by the very types that its requests are read into and its answers are made from; and what the
description of an operation does not name, the operation refuses.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ComponentIdentity, ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from kit.rest.query import NoQuery, Query
from kit.rest.strictness import refuse_unheeded

JSON = "application/json"
REFERENCE = "#/components/schemas/{name}"
_ViewT = TypeVar("_ViewT", bound=Callable[..., Any])


def described(
    *,
    operation_id: str,
    summary: str,
    query: type[Query] = NoQuery,
    headers: Sequence[OpenApiParameter] = (),
    body: Any = None,
    answer: Any,
    statuses: Sequence[int] = (200,),
) -> Callable[[_ViewT], _ViewT]:
    """Describe an operation: what it reads, and the type that it answers with, with each of these statuses.

    Parameters and conditions that are not described are refused; see `refuse_unheeded`.
    """
    parameters: list[Any] = [*headers, *([] if query is NoQuery else [query])]
    heeded = frozenset(header.name for header in headers)
    describe: Callable[[Callable[..., Any]], Any] = extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=parameters,
        request={JSON: body} if body is not None else None,
        responses={(status, JSON): answer for status in statuses},
    )

    def decorate(operation: _ViewT) -> _ViewT:
        @wraps(operation)
        def heedful(view: Any, request: Request, **parts: Any) -> Any:
            refuse_unheeded(request, query=query, headers=heeded)
            return operation(view, request, **parts)

        described_operation: _ViewT = describe(heedful)
        return described_operation

    return decorate


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Describes structs, generic ones such as `Page[Item]`, and lists of structs, each as a component."""

    @classmethod
    def _matches(cls, target: Any) -> bool:
        return _is_struct(target) or _is_struct(_item(target))

    def __init__(self, target: Any) -> None:
        super().__init__(target)  # type: ignore[no-untyped-call]
        self.schema: dict[str, Any]
        self.name: str
        (schema,), self.components = msgspec.json.schema_components([target], ref_template=REFERENCE)
        if "$ref" in schema:
            self.name = schema["$ref"].removeprefix(REFERENCE.format(name=""))
            self.schema = self.components.pop(self.name)
        else:
            self.name = f"{_item(target).__name__}List"
            self.schema = schema

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
        for name, schema in self.components.items():
            inner = ResolvedComponent(  # type: ignore[no-untyped-call]
                name, ResolvedComponent.SCHEMA, schema, _identity(schema)
            )
            auto_schema.registry.register_on_missing(inner)
        return self.schema


def _identity(schema: Any) -> ComponentIdentity:
    return ComponentIdentity(schema)  # type: ignore[no-untyped-call]


def _item(target: Any) -> Any:
    """What a list is one of, also with constraints on its length; None for anything else."""
    plain = get_args(target)[0] if get_origin(target) is Annotated else target
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
