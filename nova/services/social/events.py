"""Events of people and what they do with each other's posts."""

from msgspec import Struct

from events.api import Topic, event
from nova.services.field_types import Id

OWNER = "social-service"
USERS = Topic(name="{prefix}.user.events", families=("user",))
POSTS = Topic(name="{prefix}.post.events", families=("post",))


@event("user.followed", owner=OWNER, topic=USERS, key="follower_id")
class UserFollowed(Struct, frozen=True, kw_only=True):
    """Somebody wants to see another's posts."""

    follower_id: Id
    followed_id: Id


@event("post.liked", owner=OWNER, topic=POSTS, key="post_id")
class PostLiked(Struct, frozen=True, kw_only=True):
    """Somebody liked a post."""

    post_id: Id
    user_id: Id


@event("user.unfollowed", owner=OWNER, topic=USERS, key="follower_id")
class UserUnfollowed(Struct, frozen=True, kw_only=True):
    """Somebody does not want to see another's posts any more."""

    follower_id: Id
    followed_id: Id


@event("post.unliked", owner=OWNER, topic=POSTS, key="post_id")
class PostUnliked(Struct, frozen=True, kw_only=True):
    """Somebody took a like back."""

    post_id: Id
    user_id: Id


@event("post.shared", owner=OWNER, topic=POSTS, key="post_id")
class PostShared(Struct, frozen=True, kw_only=True):
    """Somebody passed a post on."""

    post_id: Id
    sharer_id: Id
