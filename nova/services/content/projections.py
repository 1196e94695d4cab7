"""Read models of the content service, declared so that they can be verified.

Posts are a projection of the log; of the others it stands here which handlers keep which tables.
"""

from nova.services.content.models import ContentBelonging, FormerAuthor, KnownUser, MediaTaker, Upload
from nova.services.content.posts import PostsProjection
from nova.services.content.service import SERVICE
from nova.services.content.user_copies import forget_copies
from outbox.api import ReceivedEvent
from projections.api import HandledReadModel, register_handled, register_projections


def row_of(event: ReceivedEvent) -> str | None:
    """The user whom the event speaks of."""
    user_id = getattr(event.payload, "user_id", None)
    return user_id if isinstance(user_id, str) else None


POSTS = PostsProjection()
USERS = HandledReadModel(
    name="content-users",
    group=SERVICE.name,
    handlers=("local-users",),
    models=(KnownUser,),
    row_of=row_of,
    on_refilled=forget_copies,
)
BELONGINGS = HandledReadModel(
    name="content-belongings",
    group=SERVICE.name,
    handlers=("content-belongings", "erase-content"),
    models=(ContentBelonging, FormerAuthor),
)
MEDIA = HandledReadModel(
    name="content-media",
    group=SERVICE.name,
    handlers=("content-media",),
    models=(Upload, MediaTaker),
    # Said at once by who decides it, and by the event that tells of it.
    beside=("taken_by",),
)
register_handled(USERS, BELONGINGS, MEDIA)
register_projections(POSTS)
