"""Random lives of aggregates: commands that a test may give, whether or not the rules allow them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from events.aggregates.aggregate import Aggregate, aggregates
from nova.services.content.aggregates.comment import AddComment, RemoveComment
from nova.services.content.aggregates.post import ArchivePost, CreatePost, DeletePost, PublishPost, RevisePost
from nova.services.identity.aggregates import ChangeEmail, ChangeName, CreateUser, DeactivateUser
from nova.services.inventory.aggregates.reservation import Release, Reserve, Sell
from nova.services.inventory.events import Line, Shortage
from nova.services.media.aggregates import CompleteUpload, FailUpload, StartUpload
from nova.services.messages.aggregates import DeleteMessage, OpenConversation, PersistMessage, SwitchSearch
from nova.services.orders.commands import (
    AddItem,
    CancelOrder,
    CreateOrder,
    DeliverOrder,
    PayOrder,
    PriceOrder,
    RemoveItem,
    ReportShortage,
    ShipOrder,
)
from nova.services.orders.events import OrderItem
from nova.services.payments.aggregates import Authorize, Capture, Refund, Void
from nova.services.payments.outcome import Approved, Declined
from nova.services.social.aggregates.follow import FollowUser, UnfollowUser
from nova.services.social.aggregates.like import LikePost, UnlikePost
from nova.services.social.aggregates.share import SharePost

products = st.sampled_from(["tea", "cup", "pot", "~/ü"])
messages = st.sampled_from(["m1", "m2", "m3"])
quantities = st.integers(1, 3)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5)

outcomes = st.sampled_from([Approved(reference="r"), Declined(reason="no")])

items = st.builds(OrderItem, product_id=products, quantity=quantities, unit_price=st.just(5))
pair = {"post_id": st.just("a"), "user_id": st.just("b")}

COMMANDS: dict[str, st.SearchStrategy[Any]] = {
    "user": st.one_of(
        st.builds(CreateUser, email=st.just("a@b.org"), name=texts),
        st.builds(ChangeEmail, email=st.sampled_from(["a@b.org", "c@d.org"])),
        st.builds(ChangeName, name=texts),
        st.builds(ChangeName, name=texts),
        st.builds(DeactivateUser),
    ),
    "order": st.one_of(
        st.builds(
            CreateOrder,
            customer_id=st.just("ann"),
            currency=st.just("EUR"),
            items=st.lists(
                st.builds(OrderItem, product_id=products, quantity=quantities, unit_price=st.just(5)), max_size=3
            ),
        ),
        st.builds(AddItem, product_id=products, quantity=quantities, unit_price=st.just(5)),
        st.builds(RemoveItem, product_id=products),
        st.builds(PriceOrder, total=st.integers(0, 20)),
        st.builds(ReportShortage, product_id=products, requested=quantities, available=st.integers(0, 2)),
        st.builds(PayOrder, payment_id=st.just("p"), amount=st.sampled_from([5, 10, 15, 20])),
        st.builds(ShipOrder, tracking_number=st.just("T")),
        st.builds(DeliverOrder),
        st.builds(CancelOrder, reason=st.just("x")),
    ),
    "post": st.one_of(
        st.builds(CreatePost, author_id=st.just("ann"), caption=texts, status=st.sampled_from(["draft", "published"])),
        st.builds(RevisePost, editor_id=st.just("bob")),
        st.builds(PublishPost),
        st.builds(ArchivePost),
        st.builds(DeletePost),
    ),
    "media": st.one_of(
        st.builds(StartUpload, user_id=st.just("ann"), file_name=texts),
        st.builds(CompleteUpload, media_id=st.just("m"), size_bytes=st.integers(0, 9)),
        st.builds(FailUpload, reason=texts),
    ),
    "conversation": st.one_of(
        st.builds(
            OpenConversation, opened_by=st.just("a"), end_to_end_encrypted=st.booleans(), search_enabled=st.booleans()
        ),
        st.builds(SwitchSearch, enabled=st.booleans()),
        st.builds(PersistMessage, message_id=messages, sender_id=st.just("a"), content=st.none() | texts),
        st.builds(DeleteMessage, message_id=messages),
    ),
    "follow": st.one_of(
        *(st.builds(kind, follower_id=st.just("a"), followed_id=st.just("b")) for kind in (FollowUser, UnfollowUser))
    ),
    "like": st.one_of(
        *(st.builds(kind, post_id=st.just("a"), user_id=st.just("b")) for kind in (LikePost, UnlikePost))
    ),
    "reservation": st.one_of(
        st.builds(
            Reserve,
            lines=st.lists(st.builds(Line, product_id=products, quantity=quantities), max_size=2),
            shortages=st.lists(
                st.builds(Shortage, product_id=products, requested=quantities, available=st.just(0)), max_size=1
            ),
        ),
        st.builds(Release),
        st.builds(Sell),
    ),
    "payment": st.one_of(
        *(
            st.builds(kind, amount=st.sampled_from([5, 10]), currency=st.just("EUR"), outcome=outcomes)
            for kind in (Authorize, Capture)
        ),
        st.builds(Void, outcome=outcomes),
        st.builds(Refund, amount=st.none() | st.sampled_from([2, 5]), outcome=outcomes),
    ),
    "share": st.builds(SharePost, post_id=st.just("p"), sharer_id=st.just("a")),
    "comment": st.one_of(
        st.builds(AddComment, post_id=st.just("p"), author_id=st.just("a")),
        st.builds(RemoveComment, removed_by=st.just("b")),
    ),
}


def commanded() -> list[Aggregate[Any]]:
    """The kinds of aggregates that take commands by name; others answer requests, which come as events."""
    return sorted((kind for kind in aggregates if kind.commands), key=lambda kind: kind.name)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Aggregate[Any], list[Any]]:
    """Any kind of aggregate, and its life."""
    aggregate = draw(st.sampled_from(commanded()))
    return aggregate, draw(lives_of(aggregate))


def lives_of(aggregate: Aggregate[Any]) -> st.SearchStrategy[list[Any]]:
    """Commands that an aggregate gets one after the other."""
    own = COMMANDS.get(aggregate.name)
    return st.lists(from_structs(aggregate) if own is None else own, min_size=3, max_size=14)


def from_structs(aggregate: Aggregate[Any]) -> st.SearchStrategy[Any]:
    """Commands as their structs describe them, for an aggregate that has none of its own here."""
    return st.one_of(*(st.from_type(kind).filter(_is_valid) for kind in aggregate.commands.values()))


def _is_valid(command: Any) -> bool:
    try:
        text = msgspec.json.encode(command)
        msgspec.json.decode(text, type=type(command))
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return False
    # The log takes no text with NUL, and says so.
    return rb"\u0000" not in text
