"""What do tests of faults stand on? The same as those of the outbox."""

from tests.integration.outbox.conftest import kafka, prefix, recording, topic

__all__ = ["kafka", "prefix", "recording", "topic"]
