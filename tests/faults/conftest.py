"""Fixtures of fault tests: the same as those of the outbox."""

from tests.integration.outbox.conftest import kafka, prefix, recording, topic

__all__ = ["kafka", "prefix", "recording", "topic"]
