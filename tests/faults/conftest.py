"""Proofs on the outbox stand on the same ground as its other tests."""

from tests.integration.outbox.conftest import kafka, prefix, recording, topic

__all__ = ["kafka", "prefix", "recording", "topic"]
