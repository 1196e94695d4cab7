"""Links into the log: a name or an id, leading to the events that it names."""

from django.db.models import Q
from django.utils.safestring import SafeString

from kit.admin.display import link
from kit.admin.pages import list_url


def log_link(term: str) -> SafeString:
    """A search term, leading to the events that it names."""
    return link(list_url("events_domainevent", q=term), term)


def stream_filter(term: str) -> Q | None:
    """The rows of the stream (type/id) that a search term names; None when it is none."""
    aggregate_type, slash, aggregate_id = term.partition("/")
    return Q(aggregate_id=aggregate_id, aggregate_type=aggregate_type) if slash else None
