"""Plan of a day: the commands that people give as they join, follow, write, like, take a post back, and fill a shop."""

import random
from itertools import product
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
# What the shop has: product, how many come in each day, and what one costs in cents.
GOODS = (("tea", 200, 450), ("cup", 80, 900), ("pot", 40, 2_900), ("honey", 120, 650))
CURRENCY = "EUR"
NAMESPACE = UUID("0c1f3c5e-94d4-4e0f-9d6f-6a2f5b0f8f10")


class Step(Struct, frozen=True, kw_only=True):
    """One command to one aggregate; each brings about one event, but for a price that is so already."""

    aggregate_type: str
    aggregate_id: str
    command: str
    command_id: str
    fields: dict[str, Any]


class Day(Struct, frozen=True, kw_only=True):
    """All that is to happen, in order, and what must come of it."""

    steps: list[Step]
    reader: str
    """Whose feed is looked at in the evening."""
    feed: list[str]
    """The posts in it, newest first."""
    deleted: str
    """The post that was taken back."""


def plan_day(name: str, *, people: int = 16, posts: int = 40, likes: int = 80) -> Day:
    """A day that is the same for the same name, ids included, so that sending it twice adds nothing."""
    return _Planner(name).plan(people=people, posts=posts, likes=likes)


class _Planner:
    def __init__(self, name: str) -> None:
        self._name = name
        self._chance = random.Random(name)  # noqa: S311 - a story, not a secret
        self._steps: list[Step] = []

    def plan(self, *, people: int, posts: int, likes: int) -> Day:
        users = [self._join(NAMES[index % len(NAMES)], index) for index in range(people)]
        followed = {user: [other for other in self._some(users, 5) if other != user] for user in users}
        for follower, others in followed.items():
            for other in others:
                self._give(*("follow", f"{follower}:{other}", "follow"), follower_id=follower, followed_id=other)
        written = [self._post(self._chance.choice(users), index) for index in range(posts)]
        for (post, _author), fan in self._some(list(product(written, users)), likes):
            self._give("like", f"{post}:{fan}", "like", post_id=post, user_id=fan)
        for number, (post, _author) in enumerate(self._some(written, likes // 4)):
            author = self._chance.choice(users)
            self._give("comment", self._id("comment", number), "add", post_id=post, author_id=author)
        for user in self._some(users, people // 4):
            self._give("user", user, "change_name", name=f"{self._chance.choice(NAMES)}-{user[:4]}")
        reader = users[0]
        feed = [post for post, author in written if author in followed[reader]]
        deleted = feed[0] if feed else written[0][0]
        self._give("post", deleted, "delete")
        for product_id, number, cents in GOODS:
            self._give("stock", product_id, "receive", quantity=number)
            self._give("stock", product_id, "price", currency=CURRENCY, unit_price=cents)
        return Day(
            steps=self._steps,
            reader=reader,
            feed=[post for post in reversed(feed) if post != deleted],
            deleted=deleted,
        )

    def _join(self, username: str, index: int) -> str:
        user_id = self._id("user", index)
        name = f"{username}-{user_id[:4]}"
        # All of the id: no address is given twice, however many days there have been.
        self._give("user", user_id, "create", email=f"{username}-{user_id}@example.org", name=name)
        return user_id

    def _post(self, author: str, number: int) -> tuple[str, str]:
        post_id = self._id("post", number)
        self._give(
            *("post", post_id, "create"),
            author_id=author,
            caption=self._chance.choice(CAPTIONS),
            media_type=self._chance.choice(["image", "video", "none"]),
        )
        return post_id, author

    def _give(self, aggregate_type: str, aggregate_id: str, command: str, **fields: Any) -> None:
        self._steps.append(
            Step(
                aggregate_type=aggregate_type,
                aggregate_id=aggregate_id,
                command=command,
                command_id=self._id("command", len(self._steps)),
                fields=fields,
            )
        )

    def _some(self, things: list[Any], number: int) -> list[Any]:
        return self._chance.sample(things, k=min(number, len(things)))

    def _id(self, kind: str, number: int) -> str:
        return str(uuid5(NAMESPACE, f"{self._name}/{kind}/{number}"))
