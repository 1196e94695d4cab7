"""Mix of events: what the people of a small network do, one event after the other, each to a stream of its own kind.

Of a hundred events some eighty-seven have something for consumers, and sixty-three for projections. An order is
fulfilled, which adds some fifteen events that consumers append.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

PEOPLE, GOODS = 60, ("tea", "cup", "pot", "honey")
FOLLOWED = 6
"""Whom everybody follows to begin with."""
RECENT = 200
"""Posts and users that are spoken of: the latest."""
Fields = dict[str, Any]


class Append(Struct, frozen=True, kw_only=True):
    """One event, and where it goes."""

    aggregate_type: str
    aggregate_id: str
    event_type: str
    payload: Fields

    @property
    def path(self) -> str:
        """The address that it is posted to."""
        return f"/api/v1/streams/{self.aggregate_type}/{self.aggregate_id}/events"

    @property
    def body(self) -> bytes:
        """What is posted there."""
        return msgspec.json.encode([{"event_type": self.event_type, "payload": self.payload}])


class Mix:
    """Draws events; the same ones for the same seed, but for their times."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._users: list[str] = []
        self._posts: list[str] = []
        self._conversations: list[str] = []
        self._kinds: list[Callable[[], Append]] = []
        for share, kind in (
            *((8, self._user), (2, self._profile), (14, self._follow), (18, self._post), (26, self._like)),
            *((9, self._comment), (1, self._conversation), (17, self._message), (4, self._upload), (1, self._order)),
        ):
            self._kinds += [kind] * share

    def beginning(self) -> list[Append]:
        """The people, whom they follow, what they talk about, and what the shop has."""
        begun = [self._user() for _ in range(PEOPLE)]
        begun += [self._follow(user) for user in list(self._users) for _ in range(FOLLOWED)]
        begun += [self._conversation() for _ in range(5)] + [self._post() for _ in range(20)]
        for product in GOODS:
            begun += [
                _append("stock", product, "stock.received", product_id=product, quantity=10**6),
                _append("stock", product, "stock.priced", product_id=product, currency="EUR", unit_price=450),
            ]
        return begun

    def draw(self, count: int) -> list[Append]:
        """So many events, as they may come."""
        return [self._chance.choice(self._kinds)() for _ in range(count)]

    def _user(self) -> Append:
        user = self._id()
        self._users.append(user)
        return _append(
            *("user", user, "identity.user.created"),
            user_id=user,
            username=f"user-{user[:8]}",
            email=f"{user}@example.org",
            created_at=_now(),
        )

    def _profile(self) -> Append:
        user = self._somebody()
        return _append(
            *("user", user, "identity.user.profile_updated"),
            user_id=user,
            username=f"user-{user[:8]}",
            display_name=f"Somebody {self._chance.randrange(1_000)}",
            avatar_url=None,
            is_verified=False,
            follower_count=0,
            updated_at=_now(),
        )

    def _follow(self, follower: str = "") -> Append:
        follower, followed = follower or self._somebody(), self._somebody()
        return _append("follow", f"{follower}:{followed}", "user.followed", follower_id=follower, followed_id=followed)

    def _post(self) -> Append:
        post = self._id()
        self._posts.append(post)
        return _append(
            *("post", post, "content.post.created"),
            post_id=post,
            user_id=self._somebody(),
            caption="Morning light over the harbour, " * self._chance.randrange(1, 5),
            media_type="image",
            status="published",
            created_at=_now(),
        )

    def _like(self) -> Append:
        post, user = self._some_post(), self._somebody()
        return _append("like", f"{post}:{user}", "post.liked", post_id=post, user_id=user)

    def _comment(self) -> Append:
        comment = self._id()
        return _append(
            *("comment", comment, "comment.added"),
            comment_id=comment,
            post_id=self._some_post(),
            author_id=self._somebody(),
        )

    def _conversation(self) -> Append:
        conversation = self._id()
        self._conversations.append(conversation)
        return _append(
            *("conversation", conversation, "conversation.opened"),
            conversation_id=conversation,
            opened_by=self._somebody(),
            end_to_end_encrypted=False,
            search_enabled=True,
            opened_at=_now(),
        )

    def _message(self) -> Append:
        conversation = self._chance.choice(self._conversations[-RECENT:])
        return _append(
            *("conversation", conversation, "message.persisted"),
            message_id=self._id(),
            conversation_id=conversation,
            sender_id=self._somebody(),
            created_at=_now(),
            content="Two hours of quiet and a whiteboard",
        )

    def _upload(self) -> Append:
        upload = self._id()
        return _append(
            *("media", upload, "media.upload.completed"),
            upload_id=upload,
            media_id=self._id(),
            user_id=self._somebody(),
            file_name="heron.jpg",
            size_bytes=2_345_678,
            uploaded_at=_now(),
        )

    def _order(self) -> Append:
        order = self._id()
        return _append(
            *("order", order, "order.created"),
            order_id=order,
            customer_id=self._somebody(),
            currency="EUR",
            items=[{"product_id": self._chance.choice(GOODS), "quantity": 1, "unit_price": 450}],
            created_at=_now(),
        )

    def _somebody(self) -> str:
        return self._chance.choice(self._users[-RECENT:])

    def _some_post(self) -> str:
        return self._chance.choice(self._posts[-RECENT:])

    def _id(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))


def _append(aggregate_type: str, aggregate_id: str, event_type: str, **payload: Any) -> Append:
    return Append(aggregate_type=aggregate_type, aggregate_id=aggregate_id, event_type=event_type, payload=payload)


def _now() -> str:
    return datetime.now(UTC).isoformat()
