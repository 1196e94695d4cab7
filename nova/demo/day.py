"""What happens on a day on Nova? People join, follow each other, write, like, and one takes a post back."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

NAMES = (
    *("ada", "blaise", "chien", "dorothy", "emmy", "fatima", "grace", "hypatia", "isaac", "john"),
    *("katherine", "leonhard", "maryam", "niels", "olga", "pierre"),
)
CAPTIONS = (
    *("Morning light over the harbour", "Notes on a proof that nearly worked", "The bread came out right"),
    *("A heron, very patient", "Why I moved everything to events", "Rain on the tram window"),
    *("Found my grandfather's slide rule", "First snow on the pass", "What the archive taught me about names"),
    *("Two hours of quiet and a whiteboard", "Soup, again", "The orchard after the storm"),
)
NAMESPACE = UUID("0c1f3c5e-94d4-4e0f-9d6f-6a2f5b0f8f10")

Event = dict[str, Any]


class Step(Struct, frozen=True, kw_only=True):
    """One append: what is sent to one stream."""

    aggregate_type: str
    aggregate_id: str
    events: list[Event]
    expected_version: int | None = None


class Day(Struct, frozen=True, kw_only=True):
    """All that is to happen, in order, and what must come of it."""

    steps: list[Step]
    reader: str
    """Whose feed is looked at in the evening."""
    feed: list[str]
    """The posts in it, newest first."""
    deleted: str
    """The post that was taken back."""

    @property
    def event_count(self) -> int:
        """How many events the day has."""
        return sum(len(step.events) for step in self.steps)


def plan_day(name: str, *, morning: datetime, people: int = 16, posts: int = 40, likes: int = 80) -> Day:
    """A day that is the same for the same name, ids included, so that sending it twice adds nothing."""
    chance = random.Random(name)  # noqa: S311 - a story, not a secret
    return _Planner(name, morning, chance).plan(people=people, posts=posts, likes=likes)


class _Planner:
    def __init__(self, name: str, morning: datetime, chance: random.Random) -> None:
        self._name = name
        self._now = morning
        self._chance = chance
        self._steps: list[Step] = []
        self._count = 0

    def plan(self, *, people: int, posts: int, likes: int) -> Day:
        users = [self._join(NAMES[index % len(NAMES)], index) for index in range(people)]
        follows = [
            (follower, followed)
            for follower in users
            for followed in self._chance.sample(users, k=min(5, people))
            if followed != follower
        ]
        for follower, followed in follows:
            payload = {"follower_id": follower, "followed_id": followed}
            self._append("follower", follower, [("user.followed", payload, follower)])
        written = [self._post(self._chance.choice(users)) for _ in range(posts)]
        for _ in range(likes):
            post_id, _author = self._chance.choice(written)
            fan = self._chance.choice(users)
            self._append("reactions", post_id, [("post.liked", {"post_id": post_id, "user_id": fan}, fan)])
        reader = follows[0][0]
        followed_by_reader = {followed for follower, followed in follows if follower == reader}
        feed = [(post_id, author) for post_id, author in written if author in followed_by_reader]
        deleted, author = feed[0] if feed else written[0]
        withdrawal = {"post_id": deleted, "user_id": author, "deleted_at": self._tick()}
        self._append("post", deleted, [("content.post.deleted", withdrawal, author)], expected_version=1)
        return Day(
            steps=self._steps,
            reader=reader,
            feed=[post_id for post_id, _ in reversed(feed) if post_id != deleted],
            deleted=deleted,
        )

    def _join(self, username: str, index: int) -> str:
        user_id = self._id("user", index)
        handle = f"{username}-{user_id[:4]}"
        created = {
            "user_id": user_id,
            "username": handle,
            "email": f"{handle}@example.org",
            "created_at": self._tick(),
        }
        profile = {
            "user_id": user_id,
            "username": handle,
            "display_name": username.title(),
            "avatar_url": None,
            "is_verified": self._chance.random() < 0.2,
            "follower_count": 0,
            "updated_at": self._tick(),
        }
        self._append(
            "user",
            user_id,
            [("identity.user.created", created, user_id), ("identity.user.profile_updated", profile, user_id)],
            expected_version=0,
        )
        return user_id

    def _post(self, author: str) -> tuple[str, str]:
        post_id = self._id("post", self._count)
        payload = {
            "post_id": post_id,
            "user_id": author,
            "caption": self._chance.choice(CAPTIONS),
            "media_type": self._chance.choice(["image", "video", "none"]),
            "status": "published",
            "created_at": self._tick(),
        }
        self._append("post", post_id, [("content.post.created", payload, author)], expected_version=0)
        return post_id, author

    def _append(
        self,
        aggregate_type: str,
        aggregate_id: str,
        events: list[tuple[str, dict[str, Any], str]],
        *,
        expected_version: int | None = None,
    ) -> None:
        bodies: list[Event] = []
        for event_type, payload, user_id in events:
            self._count += 1
            event_id = self._id("event", self._count)
            bodies.append({"event_id": event_id, "event_type": event_type, "payload": payload, "user_id": user_id})
        self._steps.append(
            Step(
                aggregate_type=aggregate_type,
                aggregate_id=aggregate_id,
                events=bodies,
                expected_version=expected_version,
            )
        )

    def _id(self, kind: str, number: int) -> str:
        return str(uuid5(NAMESPACE, f"{self._name}/{kind}/{number}"))

    def _tick(self) -> str:
        """The time of day, which moves on a little at every look."""
        self._now += timedelta(seconds=self._chance.randrange(30, 600))
        return self._now.isoformat()
