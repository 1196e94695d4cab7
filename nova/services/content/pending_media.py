"""Pending media: uploaded files wait an hour for a post of their author, and the first one takes them.

`pending_media:{user_id}` in Redis is a JSON array of a user's uploads that no post has taken, and expires with the last
of them. The truth are rows, of uploads and of posts, kept by the service's handler from events; Redis is a cache in
front of them, as it is for users (see `user_copies`). Which upload a post shows is an event of the post's own,
`content.post.media_attached`, so that nobody has to decide it twice:

1. Uploads and posts come by two topics, in any order. Whichever of the two is heard of later finds the other one's row
   and attaches; who decides holds a lock on the user until the commit, so that the two see each other.
2. The decision is kept with the upload in the transaction that appends the event. Two posts at once, or an event that
   is delivered again, find the upload taken.
3. The times of the events count and not those of their arrival: a post takes what was uploaded in the hour before it.

An upload that is deleted leaves the post that has taken it by an event too.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid5

import msgspec
import redis
import structlog
from django.db import connection, transaction
from msgspec import Struct

from events.api import CommandRefused, execute
from kit.conf import shared_conf
from kit.outage_log import outage_log
from kit.postgresql.many import Statements
from kit.redis import shared_client
from nova.services.content.aggregates.post import AttachMedia, DetachMedia
from nova.services.content.events import ContentPostCreated, ContentPostDeleted, ContentPostMediaAttached
from nova.services.content.models import MediaTaker, Upload
from nova.services.content.sql.statements import statement
from nova.services.media.events import MediaUploadCompleted, MediaUploadDeleted
from nova.services.timestamps import utc
from outbox.api import ReceivedEvent, have_effect
from projections.api import UnexpectedPayload, check_text

LIFETIME = timedelta(hours=1)
TIMEOUT = 2.0
MAX_SHOWN = 200
"""Most uploads of one user that are listed."""

log = structlog.get_logger(__name__)


class PendingUpload(Struct, frozen=True, kw_only=True):
    """An uploaded file that the author's next post takes."""

    upload_id: str
    media_id: str
    uploaded_at: datetime


def pending_media(user_id: str) -> list[PendingUpload]:
    """What the next post of the user takes, in the order of its coming. Raises `InvalidParameter`."""
    check_text(user_id, parameter="user_id")
    try:
        found = _redis().get(_key(user_id))
        if isinstance(found, bytes):
            uploads = msgspec.json.decode(found, type=list[PendingUpload])
        else:
            uploads = _copied([user_id]).get(user_id, [])
    except redis.RedisError as error:
        outage_log("redis").lost(error, instead="pending media are read from PostgreSQL")
        uploads = _stored([user_id]).get(user_id, [])
    return [upload for upload in uploads if _waits(upload)]


def keep_pending_media(events: Sequence[ReceivedEvent]) -> None:
    """Let rows and copies follow the events, and posts take what waits for them. Raises `redis.RedisError`."""
    user_ids = sorted({user_id for event in events if (user_id := getattr(event.payload, "user_id", ""))})
    have_effect(lambda: _rows("take_uploaders", user_ids=user_ids))
    _keep_takers(events)
    waiting = {user_id for (user_id,) in have_effect(lambda: _rows("waiting_uploaders", user_ids=user_ids)) or ()}
    for event in events:
        match event.payload:
            case MediaUploadCompleted() as upload:
                uploaded_at = utc(upload.uploaded_at)
                _execute(
                    "upload_completed",
                    upload_id=upload.upload_id,
                    media_id=upload.media_id,
                    user_id=upload.user_id,
                    uploaded_at=uploaded_at,
                )
                waiting.add(upload.user_id)
                have_effect(partial(_attach, event, upload.user_id, since=uploaded_at, until=uploaded_at))
            case MediaUploadDeleted(upload_id=upload_id):
                _execute("upload_deleted", upload_id=upload_id)
                have_effect(partial(_detach, event, upload_id))
            case ContentPostCreated(user_id=user_id):
                created_at = utc(event.payload.created_at)
                # Most authors have uploaded nothing.
                if user_id in waiting:
                    since = _before(created_at, LIFETIME)
                    have_effect(partial(_attach, event, user_id, since=since, until=created_at))
            case ContentPostMediaAttached(upload_id=upload_id, post_id=post_id):
                _execute("upload_taken", upload_id=upload_id, post_id=post_id)
                have_effect(partial(_detach, event, upload_id))
            case ContentPostDeleted(post_id=post_id):
                MediaTaker.objects.filter(post_id=post_id).delete()
            case _:
                raise UnexpectedPayload(event.event_type, event.schema_version)
    have_effect(lambda: forget_pending(user_ids))
    transaction.on_commit(partial(_show_copies, user_ids), robust=True)


def _keep_takers(events: Sequence[ReceivedEvent]) -> None:
    """Record the posts before anything is decided: of several, an upload is for the first one, whichever came first."""
    takers = Statements()
    for event in events:
        if isinstance(post := event.payload, ContentPostCreated):
            takers.add(
                statement("post_takes"),
                post.post_id,
                post_id=post.post_id,
                user_id=post.user_id,
                created_at=utc(post.created_at),
            )
    takers.run()


def forget_pending(user_ids: Sequence[str]) -> None:
    """Let readers read what waits for these users' posts anew. Raises `redis.RedisError`."""
    if user_ids:
        _redis().delete(*map(_key, user_ids))


def _attach(event: ReceivedEvent, user_id: str, *, since: datetime, until: datetime) -> None:
    lifetime = LIFETIME.total_seconds()
    found = _rows("media_to_attach", user_ids=[user_id], since=since, until=until, lifetime=lifetime)
    for upload_id, media_id, post_id in found:
        if _carry_out(event, post_id, AttachMedia(upload_id=upload_id, media_id=media_id)):
            _execute("upload_taken", upload_id=upload_id, post_id=post_id)


def _detach(event: ReceivedEvent, upload_id: str) -> None:
    """Take a file that is gone away from the post that has taken it."""
    upload = Upload.objects.get(upload_id=upload_id)
    if upload.taken_by and upload.is_deleted:
        _carry_out(event, upload.taken_by, DetachMedia(upload_id=upload_id))


def _carry_out(event: ReceivedEvent, post_id: str, command: AttachMedia | DetachMedia) -> bool:
    """Whether the post took the command: it may be deleted, of which nobody has heard yet."""
    command_id = uuid5(event.event_id, f"{type(command).__name__} {command.upload_id}")
    try:
        execute(post_id, command, command_id=command_id)
    except CommandRefused as refusal:
        log.info("post_does_not_take_media", post_id=post_id, upload_id=command.upload_id, code=refusal.code)
        return False
    return True


def _show_copies(user_ids: Sequence[str]) -> None:
    try:
        _copied(user_ids)
    except redis.RedisError as error:
        # The next reader does it.
        outage_log("redis").lost(error, lost="copies of pending media")


def _copied(user_ids: Sequence[str]) -> Mapping[str, list[PendingUpload]]:
    """What the rows say, put into Redis but for users whose uploads somebody is about to change.

    Raises `redis.RedisError`.
    """
    with transaction.atomic():
        mine = {user_id for (user_id,) in _rows("try_take_uploaders", user_ids=list(user_ids))}
        # In a later statement, which sees what was committed before the locks were there.
        stored = _stored(user_ids)
        with _redis().pipeline(transaction=False) as pipeline:
            for user_id in mine.intersection(stored):
                uploads = stored[user_id]
                ends = max(upload.uploaded_at for upload in uploads) + LIFETIME - datetime.now(UTC)
                milliseconds = max(1, round(min(ends, LIFETIME).total_seconds() * 1_000))
                pipeline.set(_key(user_id), msgspec.json.encode(uploads), px=milliseconds)
            if len(pipeline):
                pipeline.execute()
    return stored


def _stored(user_ids: Sequence[str]) -> Mapping[str, list[PendingUpload]]:
    """By user; those for whom nothing waits are not in it."""
    waiting: dict[str, list[PendingUpload]] = {}
    for user_id, upload_id, media_id, uploaded_at in _rows(
        "uploads_to_copy", user_ids=list(user_ids), since=datetime.now(UTC) - LIFETIME
    ):
        uploads = waiting.setdefault(user_id, [])
        if len(uploads) < MAX_SHOWN:
            uploads.append(PendingUpload(upload_id=upload_id, media_id=media_id, uploaded_at=uploaded_at))
    return waiting


def _waits(upload: PendingUpload) -> bool:
    return upload.uploaded_at > datetime.now(UTC) - LIFETIME


def _before(timestamp: datetime, span: timedelta) -> datetime:
    """So much earlier; at the beginning of the calendar, the timestamp itself."""
    try:
        return timestamp - span
    except OverflowError:
        return timestamp


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return list(cursor.fetchall())


def _execute(name: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)


def _redis() -> redis.Redis:
    return shared_client(shared_conf().redis_url, timeout=TIMEOUT)


def _key(user_id: str) -> str:
    return f"pending_media:{user_id}"
