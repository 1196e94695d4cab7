"""Event types and links between versions that only one test knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from events.types.registry import registry
from events.types.upcasting import casts


@contextmanager
def own_registry() -> Iterator[None]:
    """Whatever is registered inside is forgotten afterwards."""
    with (
        patch.object(registry, "_by_name", dict(registry._by_name)),
        patch.object(registry, "_by_payload", dict(registry._by_payload)),
        patch.object(registry, "_by_alias", dict(registry._by_alias)),
        patch.object(registry, "_by_legacy_topic", dict(registry._by_legacy_topic)),
        patch.object(casts, "_links", list(casts._links)),
        patch.object(casts, "_up", dict(casts._up)),
        patch.object(casts, "_down", dict(casts._down)),
    ):
        yield


def name_split(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had one name, version 2 has two."""
    first, _, last = data["name"].partition(" ")
    return {**_without(data, "name"), "first": first, "last": last}


def name_joined(data: dict[str, Any]) -> dict[str, Any]:
    """The way back."""
    return {**_without(data, "first", "last"), "name": f"{data['first']} {data['last']}".strip()}


def age_unknown(data: dict[str, Any]) -> dict[str, Any]:
    """Version 3 knows an age, or that it knows none."""
    return data | {"age": None}


def age_dropped(data: dict[str, Any]) -> dict[str, Any]:
    """The way back."""
    return _without(data, "age")


def _without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
