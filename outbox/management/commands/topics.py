"""Topics command: creates, compares and describes topics. `manage.py topics create|diff|describe`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from outbox.bus.base import Bus
from outbox.bus.factory import bus_of
from outbox.conf import OutboxConf, outbox_conf
from outbox.exceptions import BrokerUnavailable
from outbox.handling.handlers import registered_groups
from outbox.messages.topics import differences, known_topics, routes, spec_of
from outbox.models import OutboxEvent, TopicAssignment


class Command(BaseCommand):
    """Creates, compares or shows Nova's topics.

    Those of aggregate types that no code names beforehand are created by the relay with their first event.
    """

    help = "Create Nova's topics where they do not exist, tell what differs (status 1), or describe what goes where."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One word."""
        parser.add_argument("action", nargs="?", choices=("create", "diff", "describe"), default="create")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Create, compare or describe, at the broker that the settings name."""
        conf = outbox_conf()
        bus = bus_of(conf)
        try:
            if action == "create":
                self._create(bus, conf)
            elif action == "diff":
                self._diff(bus, conf)
            else:
                self._describe(bus, conf)
        except BrokerUnavailable as error:
            raise CommandError(str(error)) from error
        finally:
            bus.close()

    def _create(self, bus: Bus, conf: OutboxConf) -> None:
        """Topics, and what consumer groups need so that they miss nothing."""
        specs = known_topics(conf=conf)
        if failures := bus.ensure_topics(specs):
            raise CommandError("; ".join(f"{topic}: {failure.reason}" for topic, failure in failures.items()))
        for group in registered_groups():
            bus.ensure_group(group.name, group.topics)
        if conf.dead_letter_topic:
            # Nobody consumes it but whom an operator sends; somebody must keep it all the same.
            bus.ensure_group("dead-letters", [conf.dead_letter_topic])
        for spec in specs:
            self.stdout.write(f"{spec.name}: there")

    def _diff(self, bus: Bus, conf: OutboxConf) -> None:
        existing = bus.topics(known_topics(conf=conf))
        found = differences(existing, used=_used_topics(), conf=conf)
        for difference in found:
            self.stdout.write(str(difference))
        if found:
            raise SystemExit(1)
        self.stdout.write("The broker has what the routing table wants.")

    def _describe(self, bus: Bus, conf: OutboxConf) -> None:
        routed = routes(conf=conf)
        wanted = {spec.name for spec in known_topics(conf=conf)} | {route.topic for route in routed}
        existing = bus.topics([spec_of(topic, conf=conf) for topic in sorted(wanted)])
        for topic in sorted(wanted | existing.keys()):
            state = f"{existing[topic]} partitions" if topic in existing else "not there yet"
            self.stdout.write(f"{topic}: {state}")
            for route in routed:
                if route.topic == topic:
                    self.stdout.write(f"  {route.event_type} by {route.key}")


def _used_topics() -> set[str]:
    rows = OutboxEvent.objects.order_by().values_list("topic", flat=True).distinct()
    return {*rows, *TopicAssignment.objects.values_list("topic", flat=True).distinct()}
