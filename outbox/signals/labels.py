"""Metric labels: a closed set. Names that clients or producers make up are `other`, lest each be a series for ever."""

from collections.abc import Collection

from events.api import registry
from events.conf import events_conf
from outbox.services import registered_services

OTHER = "other"


def event_type_label(event_type: str, named: Collection[str] = ()) -> str:
    """The type, if code registers it or a handler names it; else `other`."""
    return event_type if registry.named(event_type) is not None or event_type in named else OTHER


def service_label(service: str) -> str:
    """The service that an event comes from, if it is this one or code knows it; else `other`."""
    if service == events_conf().service:
        return service
    known = {one.name for one in registered_services()} | {one.owner for one in registry}
    return service if service in known else OTHER
