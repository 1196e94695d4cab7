"""What did messages look like before Nova, and are still understood? Class names as types, and topics of one type."""

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "UserCreatedEvent": "identity.user.created",
    "UserProfileUpdatedEvent": "identity.user.profile_updated",
    "UserDeletedEvent": "identity.user.deleted",
    "PostCreatedEvent": "content.post.created",
    "PostStatusUpdatedEvent": "content.post.status_updated",
    "PostDeletedEvent": "content.post.deleted",
    "MediaUploadStartedEvent": "media.upload.started",
    "MediaUploadCompletedEvent": "media.upload.completed",
    "MediaUploadFailedEvent": "media.upload.failed",
    "MessagePersistedEvent": "message.persisted",
    "MessageDeletedEvent": "message.deleted",
}
"""The type that an old name stands for."""

TOPICS: Mapping[str, str] = {
    "message_persisted": "message.persisted",
    "message_deleted": "message.deleted",
}
"""Topics whose messages need not name their type."""


def present_type(named: str, topic: str) -> str:
    """The type that a message means that names `named` (or nothing) and comes from the topic; empty when unknown."""
    return TYPES.get(named, named) or TOPICS.get(topic, "")
