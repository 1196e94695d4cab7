"""OpenAPI 3.1: the description of the API, made from the views."""

import functools
from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from kit.rest.description.openapi import JSON
from kit.rest.problems import SCHEMA
from kit.rest.view import ApiView
from nova.rest.operation_schema import VARIANTS

_DESCRIPTIONS = {
    "X-Correlation-ID": "The request's correlation id, which the log has too.",
    "RateLimit-Policy": 'The limit of the token\'s calls, such as `"calls";q=600;w=60`: 600 in 60 seconds.',
    "RateLimit": 'What is left of it, such as `"calls";r=417;t=12`: 417 in the next 12 seconds.',
}
HEADERS = {name: {"description": text, "schema": {"type": "string"}} for name, text in _DESCRIPTIONS.items()}


DESCRIPTION = "A token of `manage.py token create NAME --scope …`, or a JWT of the identity provider"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the tokens, and for each operation the scope that it needs."""

    target_class = "nova.rest.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": DESCRIPTION,
        }

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """The operation's scope."""
        scope = getattr(auto_schema.view, "required_scopes", {}).get(auto_schema.method)
        return {self.name: [scope] if scope else []}


class Generator(SchemaGenerator):
    """Adds what all operations share, and makes each variant of an operation one of its own."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> dict[str, Any]:  # noqa: FBT001
        """The whole description."""
        schema: dict[str, Any] = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = SCHEMA
        components["headers"] = HEADERS
        return schema

    def parse(self, input_request: Request | None, public: bool) -> dict[str, Any]:  # noqa: FBT001
        """The operations by address and method."""
        found: dict[str, Any] = super().parse(input_request, public)  # type: ignore[no-untyped-call]
        paths: dict[str, Any] = {}
        for path, operations in found.items():
            for method, operation in operations.items():
                for address, one in _each(path, operation):
                    paths.setdefault(address, {})[method] = one
        return paths


def _each(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An operation, or its variants, each with its address."""
    variants = operation.pop(VARIANTS, None)
    if variants is None:
        yield path, operation
        return
    for variant in variants:
        values: dict[str, str] = variant["path"]
        address = path
        for name, value in values.items():
            address = address.replace("{" + name + "}", value)
        yield (
            address,
            operation
            | {
                "operationId": "_".join([operation["operationId"], *values.values()]),
                "summary": variant["summary"],
                "parameters": [one for one in operation["parameters"] if one["name"] not in values],
                "requestBody": operation["requestBody"] | {"content": {JSON: {"schema": variant["body"]}}},
            },
        )


@functools.cache
def description() -> dict[str, Any]:
    """The description as data; the views do not change while a process lives."""
    return Generator().get_schema(public=True)  # type: ignore[no-untyped-call]


def description_text() -> str:
    """The description in YAML, as `docs/openapi.yaml` keeps it."""
    text: bytes = OpenApiYamlRenderer().render(description(), renderer_context={})  # type: ignore[no-untyped-call]
    return text.decode()


class SchemaView(ApiView):
    """The description, for programs; open to all, as the code is."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (OpenApiYamlRenderer, OpenApiJsonRenderer)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The description in YAML or JSON."""
        return Response(description())


class DocumentationView(SpectacularSwaggerView):
    """The description, for people: Swagger UI, from files of this installation."""

    url_name = "api-schema"
    authentication_classes = ()
    permission_classes = ()
