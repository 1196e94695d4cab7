"""OpenAPI 3.1: the description of the API, made from the views."""

import functools
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.rest.problems import MEDIA_TYPE, SCHEMA


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the tokens, and for each operation the scope that it needs."""

    target_class = "nova.rest.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme."""
        return {"type": "http", "scheme": "bearer", "description": "`manage.py token create NAME --scope …`"}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """The operation's scope."""
        scope = getattr(auto_schema.view, "required_scopes", {}).get(auto_schema.method)
        return {self.name: [scope] if scope else []}


class Generator(SchemaGenerator):
    """Adds the problem documents, which any operation may answer with."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> dict[str, Any]:  # noqa: FBT001
        """The whole description."""
        schema: dict[str, Any] = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = SCHEMA
        components.setdefault("responses", {})["Problem"] = {
            "description": "What went wrong",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        return schema


@functools.cache
def description() -> dict[str, Any]:
    """The description as data; the views do not change while a process lives."""
    return Generator().get_schema(public=True)  # type: ignore[no-untyped-call]


def description_text() -> str:
    """The description in YAML, as `docs/openapi.yaml` keeps it."""
    text: bytes = OpenApiYamlRenderer().render(description(), renderer_context={})  # type: ignore[no-untyped-call]
    return text.decode()


class SchemaView(APIView):
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
