"""Kafka and the outbox, for services that hear of each other through them; and what they keep, beside the log."""

from tests.integration.outbox.conftest import kafka, prefix, recording
from tests.support.read_models import equal_to_the_log

__all__ = ["equal_to_the_log", "kafka", "prefix", "recording"]
