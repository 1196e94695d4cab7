"""Whatever an operator can do about what is stuck, a program can do over HTTP, within its scopes."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis import strategies as st

from events.api import set_on_append
from events.store.hooks import on_append
from outbox.api import record, register_groups, work_off_operations
from outbox.handling import handlers
from outbox.models import DeadLetter, DeadLetterOperation, OutboxAction, OutboxEvent
from tests.support.dead_letters import Fussy, dead_lettered, fussy_group
from tests.support.outbox import take_notes
from tests.support.problems import assert_problem

API = "/api/v1"
JSON = "application/json"
WHY = {"reason": "mended"}


@pytest.fixture
def fussy(monkeypatch):
    """A handler that handles everything, and its group, which is the only one."""
    monkeypatch.setattr(handlers, "_groups", {})
    fussy = Fussy()
    fussy.content()
    register_groups([fussy_group(fussy)])
    return fussy


@pytest.fixture
def dead_letters(db, fussy):
    """Three dead letters of one key."""
    return dead_lettered(fussy_group(fussy), 1, 2, 3)


@pytest.fixture
def dead_row(db):
    """An outbox row that was given up, and a later one of its key."""
    before = on_append()
    set_on_append(record)
    take_notes("a", 1, 2)
    set_on_append(before)
    OutboxEvent.objects.filter(version=1).update(dead_at=datetime.now(UTC), retry_count=9, last_error="no")
    return OutboxEvent.objects.get(version=1)


def post(caller, path, body, **headers):
    return caller.post(f"{API}/{path}", body, content_type=JSON, headers=headers)


def test_dead_letters_are_listed_newest_first_by_page_and_filter(caller, dead_letters):
    first = caller.get(f"{API}/dead-letters", {"limit": 2}).json()
    second = caller.get(f"{API}/dead-letters", {"limit": 2, "after": first["next"]}).json()

    assert [item["id"] for item in first["items"] + second["items"]] == dead_letters[::-1]
    assert second["next"] is None
    assert caller.get(f"{API}/dead-letters", {"status": "discarded"}).json()["items"] == []
    assert len(caller.get(f"{API}/dead-letters", {"consumer": "fussy", "text": "NO"}).json()["items"]) == 3


def test_a_dead_letter_is_shown_with_its_message_as_it_came(caller, dead_letters):
    shown = caller.get(f"{API}/dead-letters/{dead_letters[0]}").json()

    assert (shown["key"], shown["body"]) == ({"text": "k", "base64": None}, {"text": '{"n": 1}', "base64": None})
    assert (shown["headers"], shown["offset"]) == ([["event_type", "x.happened"]], 1)
    assert_problem(caller.get(f"{API}/dead-letters/{dead_letters[-1] + 1}"), 404, "dead-letter-not-found")


def test_a_dead_letter_is_retried_and_its_operation_tells_what_became_of_it(caller, dead_letters, fussy):
    response = post(caller, f"dead-letters/{dead_letters[0]}/retry", WHY)
    assert response.status_code == 202
    work_off_operations(seconds=5)

    found = caller.get(response.headers["Location"]).json()
    assert (found["state"], found["total"], found["done"], found["pending"]) == ("done", 1, 1, 0)
    assert (found["actor"], found["reason"], found["verb"]) == ("caller", "mended", "retry")
    assert fussy.offsets == [1]
    again = assert_problem(post(caller, f"dead-letters/{dead_letters[0]}/retry", WHY), 409, "dead-letter-not-open")
    assert again["status_of_letter"] == "retried"


def test_a_failure_group_is_seen_and_discarded_as_one(caller, dead_letters):
    (group,) = caller.get(f"{API}/failure-groups").json()["items"]
    assert (group["count"], group["example"], group["exception"]) == (3, dead_letters[-1], "ValueError")

    response = post(caller, f"failure-groups/{group['failure_group']}/discard", WHY)

    assert response.json()["done"] == 3
    assert caller.get(f"{API}/failure-groups").json() == {"items": [], "next": None}


def test_failure_groups_come_in_pages(caller, dead_letters, fussy):
    dead_lettered(fussy_group(fussy), 4, error=KeyError("x"))
    first = caller.get(f"{API}/failure-groups", {"limit": 1}).json()
    second = caller.get(f"{API}/failure-groups", {"limit": 1, "after": first["next"]}).json()
    assert [page["items"][0]["count"] for page in (first, second)] == [3, 1]


def test_an_operation_by_filter_is_counted_first_begun_once_and_cancelled(caller, dead_letters):
    body = {"verb": "retry", "filter": {"consumer": "fussy", "text": "no"}, "rate": 1, **WHY}
    assert post(caller, "operations", body | {"dry_run": True}).json() == {"total": 3}
    assert caller.get(f"{API}/operations").json()["items"] == []

    key = str(uuid4())
    first = post(caller, "operations", body, **{"Idempotency-Key": key})
    again = post(caller, "operations", body, **{"Idempotency-Key": key})

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Location"] == again.headers["Location"]
    other = post(caller, "operations", body | {"verb": "discard"}, **{"Idempotency-Key": key})
    assert_problem(other, 409, "idempotency-key-conflict")
    cancelled = caller.post(f"{first.headers['Location']}/cancel", WHY, content_type=JSON)
    document = cancelled.json()
    assert (document["state"], document["cancelled_by"], document["cancel_reason"]) == ("cancelled", "caller", "mended")
    assert set(DeadLetter.objects.values_list("status", flat=True)) == {"open"}
    finished = caller.post(f"{first.headers['Location']}/cancel", WHY, content_type=JSON)
    assert_problem(finished, 409, "operation-finished")
    assert [item["state"] for item in caller.get(f"{API}/operations?state=cancelled").json()["items"]] == ["cancelled"]


def test_a_repeated_retry_of_one_dead_letter_gets_the_same_operation_and_a_new_one_is_refused(caller, dead_letters):
    path, key = f"dead-letters/{dead_letters[0]}/retry", str(uuid4())

    first, again = (post(caller, path, WHY, **{"Idempotency-Key": key}) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    late = post(caller, path, WHY, **{"Idempotency-Key": str(uuid4())})
    assert_problem(late, 409, "dead-letter-not-open")
    assert DeadLetterOperation.objects.count() == 1


def test_an_empty_selection_means_no_dead_letter(caller, dead_letters):
    body = {"verb": "discard", "filter": {"ids": []}, **WHY}
    assert post(caller, "operations", body | {"dry_run": True}).json() == {"total": 0}
    assert post(caller, "operations", body).json()["total"] == 0


def test_a_dead_letter_is_edited_and_retried(caller, dead_letters, fussy):
    response = post(caller, f"dead-letters/{dead_letters[0]}/edit", {"body": '{"n": 2}', **WHY})
    assert response.status_code == 202
    work_off_operations(seconds=5)

    copy = caller.get(f"{API}/dead-letters/{response.json()['letter']}").json()
    assert (copy["edited_from"], copy["status"], copy["body"]["text"]) == (dead_letters[0], "retried", '{"n": 2}')
    old = caller.get(f"{API}/dead-letters/{dead_letters[0]}").json()
    assert (old["edited_copy"], old["status"], old["body"]["text"]) == (copy["id"], "replaced", '{"n": 1}')
    assert str(fussy.handled[0].event_id) == copy["event_id"]
    wrong = post(caller, f"dead-letters/{dead_letters[1]}/edit", {"body": "[", **WHY})
    assert assert_problem(wrong, 422, "invalid-edit")["errors"][0]["pointer"] == "/body"


def test_outbox_rows_are_listed_by_state_and_shown(caller, dead_row):
    (item,) = caller.get(f"{API}/outbox", {"state": "dead"}).json()["items"]
    assert (item["id"], item["last_error"], item["event_id"]) == (dead_row.pk, "no", str(dead_row.event_id))
    assert len(caller.get(f"{API}/outbox", {"topic": dead_row.topic}).json()["items"]) == 2
    assert_problem(caller.get(f"{API}/outbox/{10**17}"), 404, "outbox-row-not-found")


@pytest.mark.parametrize("path", ["outbox/{}/discard", "outbox/discard"])
def test_a_dead_row_is_discarded_and_who_did_it_is_kept(caller, dead_row, path):
    body = WHY if "{}" in path else WHY | {"ids": [dead_row.pk, dead_row.pk + 1]}

    assert post(caller, path.format(dead_row.pk), body).json() == {"changed": 1}

    shown = caller.get(f"{API}/outbox/{dead_row.pk}").json()
    assert shown["state"] == "discarded"
    (action,) = shown["actions"]
    assert (action["verb"], action["actor"], action["reason"]) == ("discard", "caller", "mended")
    assert action["before"] == {"last_error": "no", "retry_count": 9}


def test_dead_rows_are_retried_by_filter_and_the_others_are_left(caller, dead_row):
    assert post(caller, "outbox/retry", WHY | {"filter": {"topic": "elsewhere"}}).json() == {"changed": 0}
    assert post(caller, "outbox/retry", WHY | {"filter": {"state": "waiting"}}).json() == {"changed": 0}

    by_type = {"state": "dead", "topic": dead_row.topic, "event_type": dead_row.event_type}
    assert post(caller, "outbox/retry", WHY | {"filter": by_type}).json() == {"changed": 1}

    assert OutboxEvent.objects.get(pk=dead_row.pk).state == "pending"
    assert OutboxAction.objects.get().row_id == dead_row.pk


def test_a_dead_row_is_rerouted_with_its_payload_as_it_was(caller, dead_row):
    response = post(caller, f"outbox/{dead_row.pk}/route", {"topic": "elsewhere", "partition_key": "b", **WHY})

    assert (response.json()["topic"], response.json()["partition_key"]) == ("elsewhere", "b")
    row = OutboxEvent.objects.get(pk=dead_row.pk)
    assert (row.state, row.retry_count, row.payload) == ("pending", 0, dead_row.payload)
    action = OutboxAction.objects.get()
    assert (action.before["topic"], action.after) == (dead_row.topic, {"topic": "elsewhere", "partition_key": "b"})
    assert_problem(post(caller, f"outbox/{dead_row.pk}/route", {"topic": "x", **WHY}), 409, "outbox-row-not-dead")
    for route in ({}, {"topic": "a b"}, {"partition_key": ""}, {"topic": ".."}):
        assert_problem(post(caller, f"outbox/{dead_row.pk}/route", route | WHY), 422, "invalid-route")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("operations", {"verb": "retry", "filter": {}}, ""),
        ("operations", {"verb": "erase", "filter": {}, **WHY}, "/verb"),
        ("operations", {"verb": "retry", "filter": {"ids": [0]}, **WHY}, "/filter/ids"),
        ("operations", {"verb": "retry", "filter": {"unknown": 1}, **WHY}, "/filter"),
        ("operations", {"verb": "retry", "filter": {}, "rate": 0, **WHY}, "/rate"),
        ("operations", {"verb": "retry", "filter": {"since": "2025-01-01"}, **WHY}, "/filter/since"),
        ("operations", {"verb": "retry", "filter": {}, "rate": 1e-9, **WHY}, "/rate"),
        ("failure-groups/a/retry", {"rate": 0.009, **WHY}, "/rate"),
        ("outbox/retry", {"ids": [], **WHY}, "/ids"),
        ("outbox/retry", {"ids": [1], "filter": {}, **WHY}, ""),
        ("outbox/retry", WHY, ""),
        ("outbox/retry", {"filter": {"state": "published"}, **WHY}, "/filter/state"),
        ("outbox/retry", [], ""),
    ],
)
def test_what_cannot_be_understood_is_named_with_a_pointer(caller, path, body, pointer):
    document = assert_problem(post(caller, path, body), 422, "invalid-request")
    assert document["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize(
    "query",
    ["after=0", "after=x", "limit=501", "status=odd", "archived=maybe", "since=yesterday", "text=%00", "unknown=1",
     "consumer=" + "a" * 256, "after=" + "9" * 19],
)  # fmt: skip
def test_odd_parameters_are_named(caller, query):
    assert_problem(caller.get(f"{API}/dead-letters?{query}"), 400, "invalid-parameter")


@pytest.mark.parametrize("after", ["1", "x-y", "1-", "-a", "1-%00", "1-" + "a" * 17])
def test_a_group_page_that_was_never_given_out_is_refused(caller, after):
    assert_problem(caller.get(f"{API}/failure-groups?after={after}"), 400, "invalid-parameter")


def test_reading_and_operating_need_their_scopes(caller_with, dead_letters):
    reader, operator = caller_with("outbox:read"), caller_with("outbox:operate")
    for path in ("dead-letters", "failure-groups", "operations", "outbox"):
        assert reader.get(f"{API}/{path}").status_code == 200
        assert_problem(operator.get(f"{API}/{path}"), 403, "insufficient-scope")
    for path in (f"dead-letters/{dead_letters[0]}/discard", f"dead-letters/{dead_letters[0]}/edit", "operations",
                 "operations/1/cancel", "outbox/retry", "outbox/1/route"):  # fmt: skip
        assert_problem(post(reader, path, WHY), 403, "insufficient-scope")
    assert post(operator, f"dead-letters/{dead_letters[0]}/discard", WHY).status_code == 202


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = ("operations", "operations/1/cancel", "dead-letters/{}/retry", "dead-letters/{}/edit", "failure-groups/a/retry",
         "outbox/retry", "outbox/{}/route", "outbox/{}/discard")  # fmt: skip


@run(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS),
    number=st.integers(0, 10**19),
    verb=st.sampled_from(["retry", "discard", "archive"]),
    field=st.sampled_from(["filter", "rate", "ids", "topic", "partition_key", "body", "event_type", "reason"]),
    value=HOSTILE,
)
def test_no_body_ends_in_a_5xx(caller, dead_letters, path, number, verb, field, value):
    body = {"reason": "r", "verb": verb, "filter": {}} if path == "operations" else {"reason": "r"}
    for target in (number, dead_letters[0]):
        assert post(caller, path.format(target), body | {field: value}).status_code < 500
        assert post(caller, path.format(target), value).status_code < 500


@run(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["dead-letters", "failure-groups", "operations", "outbox"]),
    name=st.sampled_from(["after", "limit", "state", "status", "text", "since", "until", "topic", "archived", "x"]),
    value=st.text(max_size=40),
)
def test_no_query_ends_in_a_5xx(caller, path, name, value):
    assert caller.get(f"{API}/{path}", {name: value}).status_code < 500
