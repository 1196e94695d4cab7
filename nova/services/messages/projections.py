"""Read model of the messages service, declared so that it can be verified: which handlers keep which tables."""

from nova.services.messages.models import FormerSender, MessageBelonging
from nova.services.messages.service import SERVICE
from projections.api import HandledReadModel, register_handled

BELONGINGS = HandledReadModel(
    name="message-belongings",
    group=SERVICE.name,
    handlers=("message-belongings", "erase-messages"),
    models=(MessageBelonging, FormerSender),
)
register_handled(BELONGINGS)
