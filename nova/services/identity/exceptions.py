"""Errors of the identity service."""

from projections.api import ReadModelError


class UserNotFound(ReadModelError):
    """No user has that id, or the read model has not come to it yet."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"no user has the id {user_id!r}")
        self.user_id = user_id
