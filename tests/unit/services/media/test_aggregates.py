"""The rules of uploads."""

from events.testing import AT, ID, given
from nova.services.media.aggregates import CompleteUpload, DeleteUpload, FailUpload, StartUpload
from nova.services.media.events import MediaUploadCompleted, MediaUploadDeleted, MediaUploadFailed, MediaUploadStarted


def test_an_upload_ends_once() -> None:
    started = MediaUploadStarted(upload_id=ID, user_id="ann", file_name="a.jpg", started_at=AT)
    completed = MediaUploadCompleted(
        upload_id=ID, media_id="m1", user_id="ann", file_name="a.jpg", size_bytes=9, uploaded_at=AT
    )
    complete = CompleteUpload(media_id="m1", size_bytes=9)
    given().when(StartUpload(user_id="ann", file_name="a.jpg")).then(started)
    given(started).when(StartUpload(user_id="ann", file_name="a.jpg")).then_refused("upload_already_started")
    given(started).when(complete).then(completed)
    given(started).when(FailUpload(reason="lost")).then(
        MediaUploadFailed(upload_id=ID, user_id="ann", reason="lost", failed_at=AT)
    )
    given(started, completed).when(complete).then_refused("upload_not_running")
    given(completed).when(FailUpload(reason="lost")).then_refused("upload_not_running")
    given().when(complete).then_refused("upload_not_running")


def test_an_upload_is_deleted_wherever_it_stands_and_once() -> None:
    started = MediaUploadStarted(upload_id=ID, user_id="ann", file_name="a.jpg", started_at=AT)
    deleted = MediaUploadDeleted(upload_id=ID, user_id="ann", deleted_at=AT)
    given(started).when(DeleteUpload()).then(deleted).then_state(status="deleted", file_name="")
    given(started, deleted).when(DeleteUpload()).then_refused("upload_deleted")
    given(started, deleted).when(CompleteUpload(media_id="m1", size_bytes=9)).then_refused("upload_not_running")
    given().when(DeleteUpload()).then_refused("upload_not_running")
