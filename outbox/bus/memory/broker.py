"""Memory broker: what a server would keep, shared by the bus and the members of its groups."""

import threading
from collections import defaultdict
from uuid import uuid4

from outbox.bus.base import IncomingMessage, Partition


class MemoryBroker:
    """Topics and groups. Whoever changes something holds `arrival`, and notifies those who wait on it."""

    def __init__(self) -> None:
        self.arrival = threading.Condition()
        self.logs: dict[str, list[list[IncomingMessage]]] = {}
        """By topic, the messages of each partition."""
        self.topic_ids: dict[str, str] = defaultdict(lambda: str(uuid4()))
        """By topic: that of another process is another one."""
        self.members: dict[str, list[object]] = defaultdict(list)
        """By group."""
        self.owned: dict[str, set[Partition]] = defaultdict(set)
        """By group, the partitions that a member has."""
        self.committed: dict[str, dict[Partition, int]] = defaultdict(dict)
        """By group, the next offset of each partition."""
