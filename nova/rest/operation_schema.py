"""Operation schema: how drf-spectacular describes one operation, with all that it may be refused with."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from msgspec.structs import asdict

from kit.rest.description.openapi import Raised
from kit.rest.description.path_parameters import path_parameters
from nova.rest.problem_responses import problem_responses

VARIANTS = "x-variants"
"""Where an operation keeps its variants until `nova.rest.openapi` makes each an operation of its own."""
EVERYWHERE = {
    name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Correlation-ID", "RateLimit", "RateLimit-Policy")
}
"""The headers of every answer."""


class OperationSchema(AutoSchema):
    """Says what drf-spectacular cannot know: problems, bodies that are needed, what an address's parts can be."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """The description; None for a view that has none."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        handler = getattr(self.view, self.method.lower())
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
        for status, response in operation["responses"].items():
            response["description"] = HTTPStatus(int(status)).phrase
            response["headers"] = EVERYWHERE | response.get("headers", {})
        operation["responses"] |= self._problems(handler.raised)
        if handler.variants:
            operation[VARIANTS] = [asdict(variant) for variant in handler.variants]
        return operation

    def _problems(self, raised: Raised) -> dict[str, dict[str, str]]:
        responses = {}
        for status, name, response in problem_responses(raised, parameters="{" in self.path):
            response["headers"] = EVERYWHERE | response.get("headers", {})
            component = ResolvedComponent(name, ResolvedComponent.RESPONSE, response, name)  # type: ignore[no-untyped-call]
            self.registry.register_on_missing(component)
            responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
        return responses

    def _resolve_path_parameters(self, variables: Sequence[str]) -> list[dict[str, Any]]:
        schemas = path_parameters(self.path_regex)
        return [{"in": "path", "name": name, "required": True, "schema": schemas[name]} for name in variables]
