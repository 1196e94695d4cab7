"""Whose each upload is: the service's own rows, which it fills from its own events."""

from nova.services.erasure.belongings import Belonging, FormerOwner


class MediaBelonging(Belonging):
    """An upload that is there, and whose it is; filled by the group `media-service`."""

    class Meta(Belonging.Meta):
        db_table = "media_belongings"


class FormerUploader(FormerOwner):
    """A user who is gone; what turns up later is removed."""

    class Meta:
        db_table = "media_former_uploaders"
