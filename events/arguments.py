"""Arguments of the event store's functions: `InvalidArgument` names the one that no call can be made with."""

from events.envelope import StreamId
from events.exceptions import InvalidArgument
from kit.arguments import Arguments

arguments = Arguments(InvalidArgument)


def check_name(stream: StreamId) -> None:
    """Raise `InvalidArgument` for a name that cannot even be looked for; whether a stream has it is another thing."""
    arguments.text("aggregate_type", stream.aggregate_type)
    arguments.text("aggregate_id", stream.aggregate_id)
