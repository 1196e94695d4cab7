"""Like aggregate: one for each pair of post and user, with the id `POST:USER`."""

from msgspec import Struct

from events.api import Aggregate, Command, CommandRefused, Issued, aggregates
from nova.services.field_types import Id
from nova.services.social.events import PostLiked, PostUnliked
from nova.services.social.relationship_id import check_relationship_id


class LikePost(Command, frozen=True, kw_only=True):
    """Like a post."""

    post_id: Id
    user_id: Id


class UnlikePost(Command, frozen=True, kw_only=True):
    """Take a like back."""

    post_id: Id
    user_id: Id


class AlreadyLiked(CommandRefused):
    """The user likes the post already."""

    code = "already_liked"


class NotLiked(CommandRefused):
    """The user does not like the post."""

    code = "not_liked"


class Like(Struct, frozen=True, kw_only=True):
    """What is known between a user and a post."""

    liked: bool = False


def decide(state: Like, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    match command:
        case LikePost(post_id=post_id, user_id=user_id):
            check_relationship_id(issued.aggregate_id, post_id, user_id)
            if state.liked:
                raise AlreadyLiked(f"{user_id} likes {post_id}")
            return [PostLiked(post_id=post_id, user_id=user_id)]
        case UnlikePost(post_id=post_id, user_id=user_id):
            check_relationship_id(issued.aggregate_id, post_id, user_id)
            if not state.liked:
                raise NotLiked(f"{user_id} does not like {post_id}")
            return [PostUnliked(post_id=post_id, user_id=user_id)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a like")


def evolve(state: Like, payload: Struct) -> Like:
    """What is so after an event."""
    match payload:
        case PostLiked():
            return Like(liked=True)
        case PostUnliked():
            return Like(liked=False)
        case _:
            return state


LIKE = aggregates.register(
    Aggregate(
        name="like",
        initial=Like(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(PostLiked, PostUnliked),
        commands={"like": LikePost, "unlike": UnlikePost},
    )
)
