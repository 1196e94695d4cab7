"""Service registry: which service owns which aggregates, and who listens to whose events.

It decides under whose name events are appended (the store is told who owns what, and refuses others), which aggregate
types have topics of their own, and how consumer groups are called.
"""

from collections.abc import Iterable

from msgspec import Struct

from events.api import set_owners
from outbox.exceptions import UnknownService


class Service(Struct, frozen=True, kw_only=True):
    """A part of the platform with data of its own. Consumer groups and events' owners bear its name."""

    name: str
    owns: frozenset[str] = frozenset()
    """Aggregate types of which it alone appends events; the store refuses them under any other `source_service`."""
    listens: frozenset[str] = frozenset()
    """Aggregate types of other services whose events it consumes."""


_services: dict[str, Service] = {}


def register_services(services: Iterable[Service]) -> None:
    """Make services known, in place of earlier ones of the same name; the composition does so at start."""
    _services.update({service.name: service for service in services})
    set_owners({aggregate_type: service.name for service in _services.values() for aggregate_type in service.owns})


def registered_services() -> tuple[Service, ...]:
    """All known services."""
    return tuple(_services.values())


def service_named(name: str) -> Service:
    """The service of that name. Raises `UnknownService`."""
    try:
        return _services[name]
    except KeyError:
        raise UnknownService(name, tuple(_services)) from None


def owner_of(aggregate_type: str) -> Service | None:
    """The service that the aggregates belong to; None when nobody has said so."""
    return next((service for service in _services.values() if aggregate_type in service.owns), None)


def listeners_of(aggregate_type: str) -> tuple[Service, ...]:
    """Who consumes the events of these aggregates."""
    return tuple(service for service in _services.values() if aggregate_type in service.listens)
