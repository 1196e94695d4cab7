"""Read models of search, declared so that they can be verified: which handlers keep which tables."""

from nova.services.search.models import SearchConversation, SearchDocument, SearchMessage
from nova.services.search.service import SERVICE
from outbox.api import ReceivedEvent
from projections.api import HandledReadModel, register_handled


def row_of(event: ReceivedEvent) -> str | None:
    """The document that the event changes: kind and id."""
    payload = event.payload
    for kind, name in ((SearchDocument.Kind.POST, "post_id"), (SearchDocument.Kind.USER, "user_id")):
        if isinstance(document_id := getattr(payload, name, None), str):
            return f"{kind.value} {document_id}"
    return None


DOCUMENTS = HandledReadModel(
    name="search-documents",
    group=SERVICE.name,
    handlers=("search-posts", "search-users", "search-erasure"),
    models=(SearchDocument,),
    row_of=row_of,
)
MESSAGES = HandledReadModel(
    name="search-messages",
    group=SERVICE.name,
    handlers=("search-conversations", "search-messages"),
    models=(SearchMessage, SearchConversation),
)
register_handled(DOCUMENTS, MESSAGES)
