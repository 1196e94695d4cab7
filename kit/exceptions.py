"""Errors that several apps raise alike."""


class InvalidParameter(Exception):
    """A parameter of a query, or a header, cannot be understood. `parameter` is its name."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason
