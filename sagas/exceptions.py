"""What may go wrong with sagas.

SagaError
├── InvalidSaga        a definition that could end badly
├── SagaRegistered     two definitions of one name
├── UnknownSaga        no definition of that name
├── UnknownShape       no definition of the shape that an instance began with
├── SagaNotFound       no such instance
├── SagaConflict       an instance was changed meanwhile
├── VerbRefused        an operator's verb that the instance's state does not allow
├── InvalidData        data that an instance of the saga cannot have
├── CannotRecord       an instance whose history cannot be replayed
├── OperationNotFound  no operation on many instances has the number
├── OperationFinished  an operation has ended and cannot be cancelled
├── RequestIdConflict  a request id was used before for something else
└── InvalidArgument    no call can be made with an argument
"""

from collections.abc import Sequence
from uuid import UUID

import kit.exceptions
from kit.exceptions import InvalidParameter


class SagaError(Exception):
    """Root of all errors of sagas."""


class InvalidSaga(SagaError):
    """A definition could end badly; `reasons` says how."""

    def __init__(self, name: str, reasons: Sequence[str]) -> None:
        super().__init__(f"saga {name!r} cannot be: {'; '.join(reasons)}")
        self.name = name
        self.reasons = tuple(reasons)


class SagaRegistered(SagaError):
    """Two definitions have one name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"saga {name!r} is registered twice")
        self.name = name


class UnknownSaga(SagaError):
    """No code defines a saga of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no saga {name!r}; there are {', '.join(sorted(known)) or 'none'}")
        self.name = name


class UnknownShape(SagaError):
    """An instance began with a definition that no code has any more."""

    def __init__(self, name: str, shape: str) -> None:
        super().__init__(
            f"no code has the definition of saga {name!r} that this instance began with ({shape}); "
            "register it as superseded beside the new one, or migrate the instance"
        )
        self.name = name
        self.shape = shape


class SagaNotFound(SagaError):
    """There is no such instance."""

    def __init__(self, saga_id: UUID) -> None:
        super().__init__(f"there is no saga {saga_id}")
        self.saga_id = saga_id


class SagaConflict(SagaError):
    """Somebody else has changed an instance meanwhile; nothing has happened, and the messages come again."""


class VerbRefused(SagaError):
    """The instance's state does not allow what an operator wants."""

    def __init__(self, verb: str, why: str) -> None:
        super().__init__(f"cannot {verb}: {why}")
        self.verb = verb


class InvalidData(SagaError):
    """What an operator has written cannot be the data of an instance."""

    def __init__(self, reason: str, *, pointer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the data."""


class CannotRecord(SagaError):
    """The history of an instance cannot be recorded so that definitions could be replayed against it."""


class OperationNotFound(SagaError, kit.exceptions.OperationNotFound):
    """No operation on many instances has the number."""


class OperationFinished(SagaError, kit.exceptions.OperationFinished):
    """An operation has ended and cannot be cancelled."""


class RequestIdConflict(SagaError, kit.exceptions.RequestIdConflict):
    """A request id was used before for something else."""


class InvalidArgument(SagaError, InvalidParameter):
    """No call can be made with an argument."""
