"""Ownership: a service's aggregates take events from that service alone.

The registry of services says who owns what. The store asks for every event, so it is kept here as it is looked up.
"""

from collections.abc import Mapping

_owners: dict[str, str] = {}


def set_owners(owners: Mapping[str, str]) -> None:
    """Say which service owns the aggregates of a type, by aggregate type; in place of what was said before."""
    _owners.clear()
    _owners.update(owners)


def owner_of(aggregate_type: str) -> str | None:
    """The service that owns the aggregates; None when nobody does, so that events may come from anybody."""
    return _owners.get(aggregate_type)


def is_owner(service: str) -> bool:
    """Whether the service owns any aggregates."""
    return service in _owners.values()
