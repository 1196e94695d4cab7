"""Events of uploads."""

from typing import Annotated

from msgspec import Meta, Struct

from events.api import Topic, event
from nova.services.erasure.events import ACCOUNT_DELETION, Erased, ErasureRequest
from nova.services.field_types import Id, ShortText, Timestamp

OWNER = "media-service"
MEDIA = Topic(name="nova.media.events", partitions=3, setting="KAFKA_MEDIA_EVENTS_TOPIC", families=("media",))
Bytes = Annotated[int, Meta(ge=0, le=2**53 - 1)]


@event("media.upload.started", owner=OWNER, topic=MEDIA, key="upload_id", aliases=("MediaUploadStartedEvent",))
class MediaUploadStarted(Struct, frozen=True, kw_only=True):
    """Somebody began to upload a file."""

    upload_id: Id
    user_id: Id
    file_name: ShortText
    started_at: Timestamp


@event("media.upload.completed", owner=OWNER, topic=MEDIA, key="upload_id", aliases=("MediaUploadCompletedEvent",))
class MediaUploadCompleted(Struct, frozen=True, kw_only=True):
    """A file is there in full."""

    upload_id: Id
    media_id: Id
    user_id: Id
    file_name: ShortText
    size_bytes: Bytes
    uploaded_at: Timestamp


@event("media.upload.failed", owner=OWNER, topic=MEDIA, key="upload_id", aliases=("MediaUploadFailedEvent",))
class MediaUploadFailed(Struct, frozen=True, kw_only=True):
    """A file will not come."""

    upload_id: Id
    user_id: Id
    reason: ShortText
    failed_at: Timestamp


@event("media.upload.deleted", owner=OWNER, topic=MEDIA, key="upload_id")
class MediaUploadDeleted(Struct, frozen=True, kw_only=True):
    """An upload is gone, with its file."""

    upload_id: Id
    user_id: Id
    deleted_at: Timestamp


@event("media.erasure_requested", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class MediaErasureRequested(ErasureRequest, frozen=True, kw_only=True):
    """Somebody asks to remove all uploads of a user; the answer is `media.erased`."""


@event("media.erased", owner=OWNER, topic=ACCOUNT_DELETION, key="user_id")
class MediaErased(Erased, frozen=True, kw_only=True):
    """No upload of the user is left."""
