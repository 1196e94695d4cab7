"""Media handlers: the group `media-service` knows whose each upload is, and removes those of a deleted account."""

from collections.abc import Sequence

from nova.services.erasure.belongings import Belongings, Change
from nova.services.erasure.erasing import erase_page
from nova.services.media.aggregates import DeleteUpload
from nova.services.media.events import (
    MediaErased,
    MediaErasureRequested,
    MediaUploadCompleted,
    MediaUploadDeleted,
    MediaUploadStarted,
)
from nova.services.media.models import FormerUploader, MediaBelonging
from nova.services.media.service import SERVICE
from outbox.api import ReceivedEvent, handles
from projections.api import UnexpectedPayload

BELONGINGS = Belongings(table=MediaBelonging, former_owners=FormerUploader, removal=lambda _: DeleteUpload())


@handles(
    MediaUploadStarted,
    MediaUploadCompleted,
    MediaUploadDeleted,
    group=SERVICE.name,
    name="media-belongings",
    batch=True,
)
def keep_belongings(events: Sequence[ReceivedEvent]) -> None:
    """Know whose each upload is; what somebody who is gone has uploaded is removed at once."""
    BELONGINGS.follow(events, [_change(event) for event in events])


@handles(MediaErasureRequested, group=SERVICE.name)
def erase_media(event: ReceivedEvent) -> None:
    """Remove a user's uploads, also those that failed: they have a name."""
    erase_page(event, remove=BELONGINGS.remove_page, erased=MediaErased, stream="media_erasure")


def _change(event: ReceivedEvent) -> Change:
    match event.payload:
        # Services that know nothing of the beginning of an upload tell of its end only.
        case (
            MediaUploadStarted(upload_id=upload_id, user_id=user_id)
            | MediaUploadCompleted(upload_id=upload_id, user_id=user_id)
        ):
            return Change(aggregate_type="media", aggregate_id=upload_id, owner_id=user_id)
        case MediaUploadDeleted(upload_id=upload_id):
            return Change(aggregate_type="media", aggregate_id=upload_id)
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)
