"""The deletion of accounts: it owns nothing, and listens to whoever takes part in it."""

from outbox.api import Service, register_services

SERVICE = Service(
    name="account-deletion",
    listens=frozenset(
        {
            *("user", "account_deletion"),
            *("content_erasure", "media_erasure", "message_erasure", "feed_erasure", "search_erasure"),
        }
    ),
)
register_services([SERVICE])
