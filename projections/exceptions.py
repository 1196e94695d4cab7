"""Errors of projections and read models.

ProjectionError
├── UnknownProjection        no projection has that name
├── UnknownView              no materialised view has that name
├── RebuildRefused           a projection's tables cannot be rebuilt, swapped, rolled back or dropped as they are
├── StrayWrites              a projection that is rebuilt writes to tables that are not among its own
├── UnexpectedPayload        an event of a projection's own types has a payload that it does not know
├── InvalidArgument          no call can be made with an argument
├── InvalidRequest           a request's body is none that the verb takes
├── InlineFailed             an append was refused, for a projection that runs inline cannot take its events
├── VerbRefused              what holds for a projection does not allow the verb
├── CannotVerify             a projection's tables cannot be compared with the log
├── RefillRefused            the tables of a handled read model cannot be made what the log says
└── ReadModelError           a query of a read model cannot be answered
"""

from events.exceptions import AppendRefused
from kit.exceptions import InvalidParameter


class ProjectionError(Exception):
    """Root of everything that projections and read models raise."""


class UnknownProjection(ProjectionError):
    """No projection has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no projection is named {name!r}")
        self.name = name


class UnknownView(ProjectionError):
    """No materialised view has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no materialised view is named {name!r}")
        self.name = name


class RebuildRefused(ProjectionError):
    """What is wanted cannot be done to the projection's tables as they are; the text says what could be."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"projection {name}: {reason}")
        self.name = name
        self.reason = reason


class StrayWrites(ProjectionError):
    """A projection that is rebuilt writes to tables that are not among its `models`; all of it was undone."""

    def __init__(self, name: str, tables: list[str]) -> None:
        super().__init__(
            f"projection {name} writes to {', '.join(tables)} while it is rebuilt: name the tables among its models, "
            "without a schema in SQL, or move the effect to on_applied"
        )
        self.name = name
        self.tables = tables


class InlineFailed(ProjectionError, AppendRefused):
    """Events were not appended, for a projection that runs inline cannot take them; what it raised is the cause.

    Mend its code, or pause it: then events are appended again, and wait for it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the projection {name}")
        self.name = name


class UnexpectedPayload(ProjectionError):
    """An event of known type has a payload that is not known: a schema version without an upcaster."""

    def __init__(self, event_type: str, schema_version: int) -> None:
        super().__init__(f"{event_type} has a payload of schema version {schema_version}, which is not known here")
        self.event_type = event_type
        self.schema_version = schema_version


class InvalidArgument(ProjectionError, InvalidParameter, ValueError):
    """No call can be made with an argument, `parameter` by its name; nothing was sent to the database."""


class InvalidRequest(ProjectionError):
    """A request's body is none that the verb takes; `pointer` leads to the part that is wrong."""

    def __init__(self, reason: str, *, pointer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer


class VerbRefused(ProjectionError):
    """What holds for a projection does not allow the verb; the text says why, and what can be done."""

    def __init__(self, verb: str, reason: str) -> None:
        super().__init__(reason)
        self.verb = verb


class CannotVerify(ProjectionError):
    """A projection's tables cannot be compared with the log; the text says why."""


class RefillRefused(ProjectionError):
    """The tables of a handled read model cannot be made what the log says; the text says why."""


class ReadModelError(ProjectionError):
    """A query of a read model cannot be answered."""
