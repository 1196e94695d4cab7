"""What can go wrong between the store and a handler?

OutboxError
├── Poisonous         a message that no handler can be given
├── KeyBlocked        a message whose key a dead letter holds back
├── ConsumerStalled   a consumer has come no further for too long
├── UnknownGroup      no consumer group has the name
├── UnknownService    no service has the name
├── UnknownRunner     no runner has the name
└── Stopped           the process was asked to stop while it waited for an outage to end
"""


class OutboxError(Exception):
    """Root of everything that the outbox raises."""


class Poisonous(OutboxError):
    """A message that no handler can be given: it has no event type, or its body does not fit it."""


class KeyBlocked(OutboxError):
    """A message that is not handled, because an earlier one of its key is a dead letter."""

    def __init__(self, topic: str, key: bytes | None) -> None:
        super().__init__(f"parked behind a dead letter of the key {key!r} on {topic}")
        self.topic = topic
        self.key = key


class ConsumerStalled(OutboxError):
    """A consumer has come no further for too long, and is started again."""

    def __init__(self, what: tuple[str, ...]) -> None:
        super().__init__(f"no progress: {', '.join(what)}")
        self.what = what


class UnknownGroup(OutboxError):
    """No consumer group has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no consumer group {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class UnknownService(OutboxError):
    """No service has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no service {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class UnknownRunner(OutboxError):
    """No runner has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no runner {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class Stopped(OutboxError):
    """The process was asked to stop while it waited for an outage to end; what it had in hand comes again."""
