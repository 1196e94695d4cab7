"""The class that fills tables gives the same rows on demand, from a stream or from the log, without any tables."""

import pytest
from msgspec import structs

from events.api import StreamId
from nova.services.identity.models import User
from nova.services.identity.projections import UsersProjection
from projections.engine import live as module
from projections.engine.live import live
from tests.support.projections import catch_up, created, deleted, profile, record, stored_users

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def log(monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    for name in ("ann", "bob", "cem"):
        record(created(name))
    record(profile("ann", display_name="Ann A."))
    record(profile("ann", display_name="Ann B."))
    record(deleted("bob"))


def test_a_stream_gives_its_rows_and_no_table_is_written():
    rows = live(UsersProjection(), stream=StreamId("user", "ann"))
    assert {key: (row.username, row.display_name) for key, row in rows.items()} == {"ann": ("ann", "Ann B.")}
    assert not User.objects.exists()


def test_the_log_gives_what_the_engine_stores():
    rows = live(UsersProjection())
    projection = UsersProjection()
    catch_up(projection)
    assert {key: structs.asdict(row) for key, row in rows.items()} == stored_users()


def test_types_narrow_what_is_folded():
    rows = live(UsersProjection(), event_types={"identity.user.deleted", "content.post.created"})
    assert {key: row.status for key, row in rows.items()} == {"bob": "deleted"}


def test_a_stream_that_is_not_there_has_no_rows():
    assert live(UsersProjection(), stream=StreamId("user", "nobody")) == {}
