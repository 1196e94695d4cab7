"""Newest posts of several authors: what whoever shows posts without a copy of them asks of the content service."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connections
from msgspec import Struct

from nova.services.content.exceptions import PostNotKnown
from nova.services.content.queries import ContentPost, get_post, posts_by_id
from nova.services.content.sql.statements import statement
from nova.services.timestamps import utc


class CurrentPosts(Struct, frozen=True):
    """Posts as the read model has them, for whoever asks within this process."""

    def newest(
        self, author_ids: Sequence[str], *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[ContentPost]:
        """See `newest_posts`."""
        return newest_posts(author_ids, before=before, limit=limit)

    def post(self, post_id: str) -> ContentPost | None:
        """The post of that id, whatever its status; None for one that is not there."""
        try:
            return get_post(post_id)
        except PostNotKnown:
            return None


def newest_posts(
    author_ids: Sequence[str], *, before: tuple[datetime, str] | None, limit: int, using: str = "default"
) -> list[ContentPost]:
    """The newest published posts of these authors, after a place: a time of creation and a post's id."""
    parameters = {
        "author_ids": list(dict.fromkeys(author_ids)),
        "created_at": utc(before[0]) if before else None,
        "post_id": before[1] if before else None,
        "max_count": limit,
    }
    with connections[using].cursor() as cursor:
        cursor.execute(statement("newest_of_authors"), parameters)
        post_ids = [post_id for (post_id,) in cursor.fetchall()]
    found = posts_by_id(post_ids, using=using)
    return [found[post_id] for post_id in post_ids if post_id in found]
