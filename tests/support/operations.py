"""Operations of the API, as its description lists them: for tests of what holds for each of them."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from nova.rest.openapi import description

# What stands in addresses; where a name means several things, by the path.
PARTS = {
    "aggregate_type": "order",
    "aggregate_id": "o1",
    "command": "create",
    "event_id": "01946b2c-7d3e-7000-8000-000000000000",
    "event_type": "order.created",
    "failure_group": "0123456789abcdef",
    "group": "feed-service",
    "letter_id": "1",
    "name": "users",
    "operation_id": "1",
    "post_id": "p1",
    "row_id": "1",
    "order_id": "o1",
    "saga_id": "00000000-0000-5000-8000-000000000001",
    "user_id": "u1",
    "verb": "retry",
}
NEEDED = {
    "post_id": "p",
    "user_id": "u",
    "since": "2025-01-15T10:30:00Z",
    "q": "dog",
    "term": "ann",
    "customer_id": "ann",
    "conversation_id": "c",
    "from": "0",
    "to": "0",
}
"""Values of parameters that an operation may need."""

PATHS: dict[str, dict[str, Any]] = {
    path: {method: operation for method, operation in operations.items() if method != "parameters"}
    for path, operations in description()["paths"].items()
}
OPERATIONS = [(m, path, operation) for path, operations in PATHS.items() for m, operation in operations.items()]


def address(path: str, **parts: str) -> str:
    """An address of the path, with these parts in place of the usual ones."""
    usual = PARTS | {"verb": "pause"} if "consumers" in path else PARTS
    return re.sub(r"\{(\w+)\}", lambda name: quote((usual | parts)[name[1]], safe=""), path)


def parameters(operation: Any, place: str) -> dict[str, bool]:
    """The parameters in a place (`path`, `query` or `header`) by their names, and whether they are needed."""
    found = (parameter for parameter in operation.get("parameters", ()) if parameter["in"] == place)
    return {parameter["name"]: parameter.get("required", False) for parameter in found}


def _each(operations: list[tuple[str, str, Any]]) -> pytest.MarkDecorator:
    ids = [operation["operationId"] for _, _, operation in operations]
    return pytest.mark.parametrize(("method", "path", "operation"), operations, ids=ids)


every_path = pytest.mark.parametrize("path", PATHS)
every_operation = _each(OPERATIONS)
every_read = _each([one for one in OPERATIONS if one[0] == "get"])
every_write = _each([one for one in OPERATIONS if one[0] != "get"])
