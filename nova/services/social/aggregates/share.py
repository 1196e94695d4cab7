"""Share aggregate: one for each time that somebody passes a post on."""

from msgspec import Struct

from events.api import Aggregate, Command, CommandRefused, Issued, aggregates
from nova.services.field_types import Id
from nova.services.social.events import PostShared


class SharePost(Command, frozen=True, kw_only=True):
    """Pass a post on."""

    post_id: Id
    sharer_id: Id


class AlreadyShared(CommandRefused):
    """The id belongs to a share already."""

    code = "already_shared"


class Share(Struct, frozen=True, kw_only=True):
    """What is known of a share."""

    post_id: str = ""
    sharer_id: str = ""


def decide(state: Share, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    match command:
        case SharePost(post_id=post_id, sharer_id=sharer_id):
            if state.post_id:
                raise AlreadyShared(f"{issued.aggregate_id} is {state.sharer_id}'s share of {state.post_id}")
            return [PostShared(post_id=post_id, sharer_id=sharer_id)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a share")


def evolve(state: Share, payload: Struct) -> Share:
    """What is so after an event."""
    match payload:
        case PostShared(post_id=post_id, sharer_id=sharer_id):
            return Share(post_id=post_id, sharer_id=sharer_id)
        case _:
            return state


SHARE = aggregates.register(
    Aggregate(
        name="share",
        initial=Share(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(PostShared,),
        commands={"share": SharePost},
    )
)
