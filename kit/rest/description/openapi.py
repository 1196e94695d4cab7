"""OpenAPI of views: what an operation reads, answers and may be refused with, said in one place beside its code.

A view is described by the very types that its requests are read into and its answers are made from; and what the
description of an operation does not name, the operation refuses.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Struct
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from kit.rest.description.struct_schemas import Schema
from kit.rest.query import NoQuery, Query
from kit.rest.strictness import refuse_unheeded

JSON = "application/json"
_ViewT = TypeVar("_ViewT", bound=Callable[..., Any])


class Raised(Struct, frozen=True, kw_only=True):
    """What an operation may be refused with: `view.raised` of a described method."""

    body: bool
    """Whether it takes a body."""
    errors: tuple[type[Exception], ...]
    """What its own rules raise."""


class Variant(Struct, frozen=True, kw_only=True):
    """One of several operations behind one address with parameters, each with a body of its own."""

    path: Mapping[str, str]
    """Values of the address's parameters."""
    summary: str
    body: Schema


def described(
    *,
    operation_id: str,
    summary: str,
    path: type[Struct] | None = None,
    query: type[Query] = NoQuery,
    headers: Sequence[OpenApiParameter] = (),
    body: Any = None,
    answer: Any,
    statuses: Sequence[int] = (200,),
    answer_headers: Sequence[OpenApiParameter] = (),
    dry_run: Any = None,
    errors: Sequence[type[Exception]] = (),
    variants: Sequence[Variant] = (),
) -> Callable[[_ViewT], _ViewT]:
    """Describe an operation: what it reads, and the type that it answers with, with each of these statuses.

    `path` has the parameters of the address of which the address itself does not say enough; `headers` are those of
    the request, `answer_headers` those of the module of that name; `dry_run` is the answer of a dry run, with 200,
    where it is another; `errors` are what the operation's own rules raise. With `variants` each of them is an operation
    of its own.

    Parameters and conditions that are not described are refused, see `refuse_unheeded`; so is a request without the
    body that is described, which REST framework would take for an empty object.
    """
    queries = [] if query is NoQuery else [query]
    parameters: list[Any] = [*_path_parameters(path), *headers, *answer_headers, *queries]
    heeded = frozenset(header.name for header in headers)
    answers = dict.fromkeys(statuses, answer) | ({} if dry_run is None else {200: dry_run})
    describe: Callable[[Callable[..., Any]], Any] = extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=parameters,
        request={JSON: body} if body is not None else None,
        responses={(status, JSON): found for status, found in sorted(answers.items())},
    )

    def decorate(operation: _ViewT) -> _ViewT:
        @wraps(operation)
        def heedful(view: Any, request: Request, **parts: Any) -> Any:
            refuse_unheeded(request, query=query, headers=heeded)
            if body is not None and request.stream is None:
                raise ParseError("a body is needed")
            return operation(view, request, **parts)

        described_operation = describe(heedful)
        described_operation.raised = Raised(body=body is not None, errors=tuple(errors))
        described_operation.variants = tuple(variants)
        return described_operation  # type: ignore[no-any-return]

    return decorate


def _path_parameters(path: type[Struct] | None) -> list[OpenApiParameter]:
    if path is None:
        return []
    schema = msgspec.json.schema_components([path])[1][path.__name__]
    return [
        OpenApiParameter(name, one, OpenApiParameter.PATH, required=True, description=one.pop("description", ""))
        for name, one in schema["properties"].items()
    ]
