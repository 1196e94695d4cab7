"""Who handles what? The one map of handlers, sagas and projections, and the one place that connects the apps."""

from django.conf import settings

from events.api import set_on_append
from nova import local_users
from nova.order_service import order_handlers
from nova.services import SERVICES
from outbox.api import (
    ConsumerGroup,
    keep_foreign_events,
    record,
    register_groups,
    register_runner,
    register_services,
    relay_runner,
    service_named,
)
from projections.api import projection_runner, register_projections
from projections.read_models import analytics, feeds, search, users


def consumer_groups() -> tuple[ConsumerGroup, ...]:
    """Who listens to which topics, and what they do about which events."""
    prefix = settings.KAFKA_TOPIC_PREFIX
    content, identity, users_topic = (
        "nova.content.events",
        settings.KAFKA_IDENTITY_EVENTS_TOPIC,
        f"{prefix}.user.events",
    )
    return (
        ConsumerGroup(name="feed-service", topics=(content, identity, users_topic), handlers=feeds.HANDLERS),
        ConsumerGroup(name="search-service", topics=(content, identity, users_topic), handlers=search.HANDLERS),
        ConsumerGroup(
            name="analytics-service",
            # And the topics of before Nova, as long as somebody writes to them.
            topics=(rf"^({prefix}|nova)\..*\.events$", r"^message_(persisted|deleted)$"),
            handlers=analytics.HANDLERS,
        ),
        ConsumerGroup(
            name="content-service",
            topics=(identity, users_topic),
            handlers=(
                keep_foreign_events(service_named("content-service"), local_users.EVENT_TYPES),
                *local_users.HANDLERS,
            ),
        ),
        ConsumerGroup(name="order-service", topics=(f"{prefix}.order.events",), handlers=order_handlers()),
    )


def connect() -> None:
    """Connect the apps; called once, when all of them are loaded."""
    set_on_append(record)
    register_services(SERVICES)
    register_groups(consumer_groups())
    register_projections(users.PROJECTION)
    register_runner("relay", relay_runner)
    register_runner("projections", projection_runner)
