"""Which topics are there, and how do they come into being? `manage.py topics create`, `manage.py topics describe`."""

from argparse import ArgumentParser
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from django.core.management.base import BaseCommand, CommandError

from outbox.bus.kafka import TOPIC_DEADLINE, KafkaBus
from outbox.conf import OutboxConf, outbox_conf
from outbox.topics import known_topics


class Command(BaseCommand):
    """Creates or shows Nova's topics. Those of aggregate types are created by the relay with their first event."""

    help = "Create Nova's topics where they do not exist, or describe them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One word."""
        parser.add_argument("action", nargs="?", choices=("create", "describe"), default="create")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Do it."""
        conf = outbox_conf()
        if action == "create":
            self._create(conf)
        else:
            self._describe(conf)

    def _create(self, conf: OutboxConf) -> None:
        failures = KafkaBus(conf.brokers).ensure_topics(known_topics(conf=conf))
        if failures:
            raise CommandError("; ".join(f"{topic}: {failure.reason}" for topic, failure in failures.items()))
        for spec in known_topics(conf=conf):
            self.stdout.write(f"{spec.name}: there")

    def _describe(self, conf: OutboxConf) -> None:
        try:
            metadata = AdminClient({"bootstrap.servers": conf.brokers, "log_level": 2}).list_topics(
                timeout=TOPIC_DEADLINE
            )
        except KafkaException as error:
            raise CommandError(f"{conf.brokers}: {error.args[0].str()}") from error
        for name, topic in sorted(metadata.topics.items()):
            if not name.startswith("__"):
                self.stdout.write(f"{name}: {len(topic.partitions)} partitions")
