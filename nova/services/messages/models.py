"""Who has sent each message: the service's own rows, which it fills from its own events."""

from nova.services.erasure.belongings import Belonging, FormerOwner


class MessageBelonging(Belonging):
    """A message that is there, and who has sent it; filled by the group `messaging-service`."""

    class Meta(Belonging.Meta):
        db_table = "message_belongings"


class FormerSender(FormerOwner):
    """A user who is gone; what turns up later is removed."""

    class Meta:
        db_table = "message_former_senders"
