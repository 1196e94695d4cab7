"""Kafka and the outbox, for services that hear of each other through them."""

from tests.integration.outbox.conftest import kafka, prefix, recording

__all__ = ["kafka", "prefix", "recording"]
