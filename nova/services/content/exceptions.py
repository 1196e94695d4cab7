"""Errors of the content service."""

from projections.api import ReadModelError


class PostNotKnown(ReadModelError):
    """No post has that id, or the read model has not come to it yet."""

    def __init__(self, post_id: str) -> None:
        super().__init__(f"no post has the id {post_id!r}")
        self.post_id = post_id
