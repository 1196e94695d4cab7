"""Errors that several apps raise alike."""

from uuid import UUID


class InvalidParameter(Exception):
    """A parameter of a query, or a header, cannot be understood. `parameter` is its name."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


class OperationNotFound(Exception):
    """No operation on many rows has the number."""

    def __init__(self, operation_id: int) -> None:
        super().__init__(f"no operation {operation_id}")
        self.operation_id = operation_id


class OperationFinished(Exception):
    """An operation on many rows has ended and cannot be cancelled."""

    def __init__(self, operation_id: int, state: str) -> None:
        super().__init__(f"operation {operation_id} is {state}")
        self.operation_id = operation_id
        self.state = state


class RequestIdConflict(Exception):
    """A request id was used before for something else."""

    def __init__(self, request_id: UUID) -> None:
        super().__init__(f"request id {request_id} was used before for something else")
        self.request_id = request_id


class TimeLimitExceeded(Exception):
    """A statement that somebody waits for was given up; `milliseconds` is what it was given."""

    def __init__(self, milliseconds: int) -> None:
        super().__init__(f"given up after {milliseconds} ms")
        self.milliseconds = milliseconds
