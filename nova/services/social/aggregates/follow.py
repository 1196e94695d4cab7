"""Follow aggregate: one for each pair of users, with the id `FOLLOWER:FOLLOWED`."""

from msgspec import Struct

from events.api import Aggregate, Command, CommandRefused, Issued, aggregates
from nova.services.field_types import Id
from nova.services.social.events import UserFollowed, UserUnfollowed
from nova.services.social.relationship_id import check_relationship_id


class FollowUser(Command, frozen=True, kw_only=True):
    """See another's posts from now on."""

    follower_id: Id
    followed_id: Id


class UnfollowUser(Command, frozen=True, kw_only=True):
    """See another's posts no more."""

    follower_id: Id
    followed_id: Id


class AlreadyFollowing(CommandRefused):
    """The one follows the other already."""

    code = "already_following"


class NotFollowing(CommandRefused):
    """The one does not follow the other."""

    code = "not_following"


class CannotFollowOneself(CommandRefused):
    """Nobody follows themselves."""

    code = "cannot_follow_oneself"


class Follow(Struct, frozen=True, kw_only=True):
    """What is known between two users."""

    following: bool = False


def decide(state: Follow, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    match command:
        case FollowUser(follower_id=follower, followed_id=followed):
            check_relationship_id(issued.aggregate_id, follower, followed)
            if follower == followed:
                raise CannotFollowOneself(f"{follower} cannot follow {followed}")
            if state.following:
                raise AlreadyFollowing(f"{follower} follows {followed}")
            return [UserFollowed(follower_id=follower, followed_id=followed)]
        case UnfollowUser(follower_id=follower, followed_id=followed):
            check_relationship_id(issued.aggregate_id, follower, followed)
            if not state.following:
                raise NotFollowing(f"{follower} does not follow {followed}")
            return [UserUnfollowed(follower_id=follower, followed_id=followed)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a follow")


def evolve(state: Follow, payload: Struct) -> Follow:
    """What is so after an event."""
    match payload:
        case UserFollowed():
            return Follow(following=True)
        case UserUnfollowed():
            return Follow(following=False)
        case _:
            return state


FOLLOW = aggregates.register(
    Aggregate(
        name="follow",
        initial=Follow(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(UserFollowed, UserUnfollowed),
        commands={"follow": FollowUser, "unfollow": UnfollowUser},
    )
)
