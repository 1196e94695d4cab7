"""Upload aggregate: what may happen to an upload, and what is known of one afterwards."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from events.api import Aggregate, AggregateNotFound, Command, CommandRefused, Issued, StreamId, aggregates
from nova.services.field_types import Id
from nova.services.media.events import (
    Bytes,
    MediaUploadCompleted,
    MediaUploadDeleted,
    MediaUploadFailed,
    MediaUploadStarted,
)


class StartUpload(Command, frozen=True, kw_only=True):
    """Begin to upload a file."""

    user_id: Id
    file_name: Annotated[str, Meta(min_length=1, max_length=255)]


class CompleteUpload(Command, frozen=True, kw_only=True):
    """Say that the file is there in full."""

    media_id: Id
    size_bytes: Bytes


class FailUpload(Command, frozen=True, kw_only=True):
    """Say that the file will not come."""

    reason: Annotated[str, Meta(min_length=1, max_length=255)]


class DeleteUpload(Command, frozen=True, kw_only=True):
    """Remove the upload, and the file that came with it."""


class UploadAlreadyStarted(CommandRefused):
    """The id belongs to an upload already."""

    code = "upload_already_started"


class UploadNotRunning(CommandRefused):
    """There is no such upload, or it has ended."""

    code = "upload_not_running"


class UploadNotFound(AggregateNotFound, UploadNotRunning):
    """There is no such upload, and never was."""


class UploadDeleted(CommandRefused):
    """The upload was deleted."""

    code = "upload_deleted"


class Upload(Struct, frozen=True, kw_only=True):
    """What is known of an upload."""

    status: Literal["none", "running", "completed", "failed", "deleted"] = "none"
    user_id: str = ""
    file_name: str = ""
    media_id: str = ""
    size_bytes: int = 0


def decide(state: Upload, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    upload_id = issued.aggregate_id
    match command:
        case StartUpload(user_id=user_id, file_name=file_name):
            if state.status != "none":
                raise UploadAlreadyStarted(f"upload {upload_id} is {state.status}")
            return [MediaUploadStarted(upload_id=upload_id, user_id=user_id, file_name=file_name, started_at=issued.at)]
        case CompleteUpload(media_id=media_id, size_bytes=size_bytes):
            _check_running(state, upload_id)
            return [
                MediaUploadCompleted(
                    upload_id=upload_id,
                    media_id=media_id,
                    user_id=state.user_id,
                    file_name=state.file_name,
                    size_bytes=size_bytes,
                    uploaded_at=issued.at,
                )
            ]
        case FailUpload(reason=reason):
            _check_running(state, upload_id)
            return [MediaUploadFailed(upload_id=upload_id, user_id=state.user_id, reason=reason, failed_at=issued.at)]
        case DeleteUpload():
            if state.status == "none":
                raise UploadNotFound(StreamId("media", upload_id))
            if state.status == "deleted":
                raise UploadDeleted(f"upload {upload_id} is deleted")
            return [MediaUploadDeleted(upload_id=upload_id, user_id=state.user_id, deleted_at=issued.at)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of an upload")


def evolve(state: Upload, payload: Struct) -> Upload:
    """What is so after an event."""
    match payload:
        case MediaUploadStarted(user_id=user_id, file_name=file_name):
            return state if state.status != "none" else Upload(status="running", user_id=user_id, file_name=file_name)
        case MediaUploadCompleted():
            # Services that know nothing of the beginning of an upload tell of its end only.
            return Upload(
                status="completed",
                user_id=payload.user_id,
                file_name=payload.file_name,
                media_id=payload.media_id,
                size_bytes=payload.size_bytes,
            )
        case MediaUploadFailed():
            return structs.replace(state, status="failed")
        case MediaUploadDeleted():
            # What is gone has no name any more.
            return Upload(status="deleted", user_id=state.user_id)
        case _:
            return state


def _check_running(state: Upload, upload_id: str) -> None:
    if state.status == "none":
        raise UploadNotFound(StreamId("media", upload_id))
    if state.status != "running":
        raise UploadNotRunning(f"upload {upload_id} is {state.status}")


MEDIA = aggregates.register(
    Aggregate(
        name="media",
        initial=Upload(),
        decide=decide,
        evolve=evolve,
        fold_version=2,
        events=(MediaUploadStarted, MediaUploadCompleted, MediaUploadFailed, MediaUploadDeleted),
        commands={
            "start_upload": StartUpload,
            "complete_upload": CompleteUpload,
            "fail_upload": FailUpload,
            "delete_upload": DeleteUpload,
        },
    )
)
