"""Comment aggregate: what may happen to a comment. Its text is kept by the content service."""

from typing import Literal

from msgspec import Struct, structs

from events.api import Aggregate, AggregateNotFound, Command, CommandRefused, Issued, StreamId, aggregates
from nova.services.content.events import CommentAdded, CommentRemoved
from nova.services.field_types import Id


class AddComment(Command, frozen=True, kw_only=True):
    """Comment on a post."""

    post_id: Id
    author_id: Id


class RemoveComment(Command, frozen=True, kw_only=True):
    """Take a comment away."""

    removed_by: Id


class CommentAlreadyExists(CommandRefused):
    """The id belongs to a comment already, or belonged to one."""

    code = "comment_already_exists"


class CommentNotThere(CommandRefused):
    """There is no such comment, or it was removed."""

    code = "comment_not_there"


class CommentNotFound(AggregateNotFound, CommentNotThere):
    """There is no such comment, and never was."""


class Comment(Struct, frozen=True, kw_only=True):
    """What is known of a comment."""

    status: Literal["none", "there", "removed"] = "none"
    post_id: str = ""
    author_id: str = ""


def decide(state: Comment, command: Command, issued: Issued) -> list[Struct]:
    """What a command brings about."""
    comment_id = issued.aggregate_id
    match command:
        case AddComment(post_id=post_id, author_id=author_id):
            if state.status != "none":
                raise CommentAlreadyExists(f"comment {comment_id} is {state.status}")
            return [CommentAdded(comment_id=comment_id, post_id=post_id, author_id=author_id)]
        case RemoveComment(removed_by=removed_by):
            if state.status == "none":
                raise CommentNotFound(StreamId("comment", comment_id))
            if state.status != "there":
                raise CommentNotThere(f"comment {comment_id} is not there")
            return [CommentRemoved(comment_id=comment_id, post_id=state.post_id, removed_by=removed_by)]
        case _:
            raise TypeError(f"{type(command).__name__} is no command of a comment")


def evolve(state: Comment, payload: Struct) -> Comment:
    """What is so after an event."""
    match payload:
        case CommentAdded(post_id=post_id, author_id=author_id):
            return state if state.status != "none" else Comment(status="there", post_id=post_id, author_id=author_id)
        case CommentRemoved():
            return structs.replace(state, status="removed")
        case _:
            return state


COMMENT = aggregates.register(
    Aggregate(
        name="comment",
        initial=Comment(),
        decide=decide,
        evolve=evolve,
        fold_version=1,
        events=(CommentAdded, CommentRemoved),
        commands={"add": AddComment, "remove": RemoveComment},
    )
)
