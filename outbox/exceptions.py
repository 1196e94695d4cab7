"""What can go wrong between the store and a handler?

OutboxError
├── Poisonous         a message that no handler can be given
├── UnknownGroup      no consumer group has the name
├── UnknownRunner     no runner has the name
├── BrokerUnavailable the broker does not answer, or does not let us in
└── Stopped           the process was asked to stop while it waited for an outage to end
"""


class OutboxError(Exception):
    """Root of everything that the outbox raises."""


class Poisonous(OutboxError):
    """A message that no handler can be given: it has no event type, or its body does not fit it."""


class UnknownGroup(OutboxError):
    """No consumer group has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no consumer group {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class UnknownRunner(OutboxError):
    """No runner has the name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no runner {name!r}; there are: {', '.join(known) or 'none'}")
        self.name = name


class BrokerUnavailable(OutboxError):
    """The broker does not answer, or does not let us in; the text says what it said, without secrets."""


class Stopped(OutboxError):
    """The process was asked to stop while it waited for an outage to end; what it had in hand comes again."""
