"""Events of users, and a projection that says what it was given."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Model
from hypothesis import strategies as st
from msgspec import Struct, structs

from events.api import NewEvent, StreamId, append_events
from events.envelope import RecordedEvent
from nova.services.identity.events import (
    FieldChange,
    IdentityUserCreated,
    IdentityUserDeleted,
    IdentityUserProfileUpdated,
    UserCreated,
    UserDeleted,
    UserRoleAssigned,
    UserUpdated,
)
from nova.services.identity.models import User
from nova.services.identity.projections import UserRow, evolve, user_id_of
from projections.definition.projection import Projection
from projections.engine.engine import Pass, run_pass

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
USER_IDS = ("ann", "bob", "cem", "дана")


def record(payload: Struct, *, stream: str | None = None) -> None:
    """Append one event, to the stream of whom it speaks unless told otherwise."""
    aggregate_id = stream or getattr(payload, "user_id", None) or "other"
    append_events(StreamId("user", aggregate_id), -1, [NewEvent(payload=payload)])


def created(user_id: str = "ann", **fields: Any) -> IdentityUserCreated:
    """A payload."""
    values: dict[str, Any] = {"username": user_id, "email": f"{user_id}@example.org", "created_at": NOON} | fields
    return IdentityUserCreated(user_id=user_id, **values)


def profile(user_id: str = "ann", **fields: Any) -> IdentityUserProfileUpdated:
    """A payload."""
    values = {
        "username": user_id,
        "display_name": user_id.title(),
        "avatar_url": None,
        "is_verified": False,
        "follower_count": 0,
        "updated_at": NOON,
    } | fields
    return IdentityUserProfileUpdated(user_id=user_id, **values)


def deleted(user_id: str = "ann", *, soft: bool = True) -> IdentityUserDeleted:
    """A payload."""
    return IdentityUserDeleted(user_id=user_id, deleted_at=NOON, soft_delete=soft)


def user_payloads() -> st.SearchStrategy[Struct]:
    """Any event that the projection of users handles, in any order."""
    ids = st.sampled_from(USER_IDS)
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    timestamps = st.integers(0, 10_000).map(lambda seconds: NOON + timedelta(seconds=seconds))
    counts = st.integers(0, 2**53 - 1)
    values = st.one_of(st.none(), st.booleans(), counts, text, st.lists(text, max_size=2))
    names = st.sampled_from(["username", "display_name", "email", "is_verified", "follower_count", "unheard_of"])
    changes = st.lists(st.builds(FieldChange, field=names, old=st.none(), new=values), max_size=3)
    return st.one_of(
        st.builds(IdentityUserCreated, user_id=ids, username=text, email=text, created_at=timestamps),
        st.builds(
            IdentityUserProfileUpdated,
            user_id=ids,
            username=text,
            display_name=st.none() | text,
            avatar_url=st.none() | text,
            is_verified=st.booleans(),
            follower_count=counts,
            updated_at=timestamps,
        ),
        st.builds(IdentityUserDeleted, user_id=ids, deleted_at=timestamps, soft_delete=st.booleans()),
        st.builds(UserCreated, user_id=ids, email=text, created_at=timestamps, username=st.none() | text),
        st.builds(UserUpdated, user_id=ids, changes=changes),
        st.builds(UserDeleted, user_id=ids, deleted_at=timestamps),
        st.builds(UserRoleAssigned, user_id=ids, role_id=st.sampled_from(["admin", "editor"])),
    )


def fold_users(events: Sequence[RecordedEvent]) -> dict[str, dict[str, Any]]:
    """What the table must hold after these events: each applied alone, in order."""
    users: dict[str, UserRow] = {}
    for event in events:
        user_id = user_id_of(event)
        evolve(users.setdefault(user_id, UserRow(user_id=user_id)), event)
    return {user_id: structs.asdict(user) for user_id, user in users.items()}


def stored_users() -> dict[str, dict[str, Any]]:
    """What the table holds."""
    return {user.user_id: columns(user) for user in User.objects.all()}


def columns(user: User) -> dict[str, Any]:
    """A row as values."""
    return {field.attname: getattr(user, field.attname) for field in User._meta.concrete_fields}


class Recording(Projection):
    """Remembers what it was given, and fails where it is told to."""

    version = 1
    event_types = frozenset({"identity.user.created"})
    models: ClassVar[tuple[type[Model], ...]] = ()

    def __init__(self, name: str = "recording") -> None:
        self.name = name  # type: ignore[misc]
        self.seen: list[str] = []
        self.batches: list[int] = []
        self.broken_at: str | None = None

    def apply_batch(self, events: Sequence[RecordedEvent]) -> None:
        """Remember the users' ids."""
        ids = [user_id_of(event) for event in events]
        if self.broken_at in ids:
            raise ValueError(f"cannot take {self.broken_at}")
        self.batches.append(len(ids))
        self.seen += ids


def catch_up(projection: Projection, *, limit: int = 1_000) -> Pass:
    """Passes until the log holds no more."""
    result = run_pass(projection, limit=limit)
    while result.more:
        result = run_pass(projection, limit=limit)
    return result
