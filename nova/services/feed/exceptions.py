"""Errors of the feed service."""

from projections.api import ReadModelError


class PostNotFound(ReadModelError):
    """No post that can be seen has that id, or the read model has not come to it yet."""

    def __init__(self, post_id: str) -> None:
        super().__init__(f"no post has the id {post_id!r}")
        self.post_id = post_id


class ContentAway(Exception):
    """The content side does not answer direct calls: it is away, too slow, or answers nonsense."""
