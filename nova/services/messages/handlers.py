"""Message handlers: the group `messaging-service` knows who has sent what, and removes what a deleted account has sent.

A conversation stays, with what the others have sent.
"""

from collections.abc import Sequence

from nova.services.erasure.belongings import Belongings, Change
from nova.services.erasure.erasing import erase_page
from nova.services.messages.aggregates import DeleteMessage
from nova.services.messages.events import MessageDeleted, MessagePersisted, MessagesErased, MessagesErasureRequested
from nova.services.messages.models import FormerSender, MessageBelonging
from nova.services.messages.service import SERVICE
from outbox.api import ReceivedEvent, handles
from projections.api import UnexpectedPayload

BELONGINGS = Belongings(
    table=MessageBelonging, former_owners=FormerSender, removal=lambda row: DeleteMessage(message_id=row.part)
)


@handles(MessagePersisted, MessageDeleted, group=SERVICE.name, name="message-belongings", batch=True)
def keep_belongings(events: Sequence[ReceivedEvent]) -> None:
    """Know who has sent what is there; what somebody who is gone has sent is removed at once."""
    BELONGINGS.follow(events, [_change(event) for event in events])


@handles(MessagesErasureRequested, group=SERVICE.name)
def erase_messages(event: ReceivedEvent) -> None:
    """Remove what a user has sent."""
    erase_page(event, remove=BELONGINGS.remove_page, erased=MessagesErased, stream="message_erasure")


def _change(event: ReceivedEvent) -> Change:
    match event.payload:
        case MessagePersisted(conversation_id=conversation_id, message_id=message_id, sender_id=sender_id):
            return _of(conversation_id, message_id, owner_id=sender_id)
        case MessageDeleted(conversation_id=conversation_id, message_id=message_id):
            return _of(conversation_id, message_id)
        case _:
            raise UnexpectedPayload(event.event_type, event.schema_version)


def _of(conversation_id: str, message_id: str, *, owner_id: str = "") -> Change:
    return Change(aggregate_type="conversation", aggregate_id=conversation_id, part=message_id, owner_id=owner_id)
