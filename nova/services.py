"""Which services make Nova, what does each own, and whom does it listen to?"""

from outbox.api import Service

SERVICES = (
    Service(name="identity-service", owns=frozenset({"user"})),
    Service(name="content-service", owns=frozenset({"post", "comment"}), listens=frozenset({"user"})),
    Service(name="social-service", owns=frozenset({"follow", "like", "share"})),
    Service(name="messaging-service", owns=frozenset({"conversation"})),
    Service(name="media-service", owns=frozenset({"media"})),
    Service(name="order-service", owns=frozenset({"order"})),
    Service(name="feed-service", listens=frozenset({"post", "user", "follow"})),
    Service(name="search-service", listens=frozenset({"post", "user", "conversation"})),
    Service(
        name="analytics-service",
        listens=frozenset({"user", "post", "comment", "follow", "like", "share", "conversation", "media", "order"}),
    ),
)
