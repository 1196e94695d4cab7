"""The event store over HTTP: what is asked for well is done, what is asked for badly is told why (I12)."""

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client

from events.api import uuid7
from nova.rest.tokens import create_token
from tests.support.database import scalar

pytestmark = pytest.mark.usefixtures("redis_url", "db")

POST = {
    "post_id": "p1",
    "user_id": "u1",
    "caption": "hi",
    "media_type": "none",
    "status": "published",
    "created_at": "2025-01-15T10:30:00Z",
}
EVENT = {"event_type": "content.post.created", "payload": POST}


class Api:
    """A client with a token of certain scopes."""

    def __init__(self, *scopes: str) -> None:
        token, _ = create_token("test", scopes=set(scopes))
        self._client = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)

    def get(self, path: str, **parameters: Any) -> Any:
        return self._client.get(f"/api/v1/{path}", parameters)

    def post(self, path: str, body: Any, content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self._client.generic("POST", f"/api/v1/{path}", data, content_type, headers=headers)

    def append(self, body: Any, stream: str = "post/p1", **headers: str) -> Any:
        return self.post(f"streams/{stream}/events", body, **headers)


@pytest.fixture
def api() -> Api:
    return Api("events:append", "events:read")


def assert_problem(response: Any, status: int, slug: str, pointer: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.content)
    assert problem["type"] == f"urn:nova:problem:{slug}"
    assert problem["status"] == status
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer
    return problem


def test_an_append_answers_with_versions_positions_and_where_to_read_on(api: Api) -> None:
    response = api.append([EVENT, EVENT], **{"If-None-Match": "*"})

    assert response.status_code == 201
    assert response.headers["ETag"] == '"2"'
    assert response.headers["Location"] == "/api/v1/streams/post/p1/events?from_version=1"
    body = response.json()
    assert (body["aggregate_type"], body["aggregate_id"], body["version"]) == ("post", "p1", 2)
    first, second = body["events"]
    assert (first["version"], second["version"]) == (1, 2)
    assert second["position"] > first["position"]
    assert UUID(first["event_id"])

    page = api._client.get(response.headers["Location"]).json()
    assert [event["payload"] for event in page["items"]] == [POST, POST]
    assert page["next"] is None


def test_an_exact_repetition_gets_the_first_answer_marked_as_such(api: Api) -> None:
    event = EVENT | {"event_id": str(uuid7())}
    first = api.append([event], **{"If-None-Match": "*"})
    api.append([EVENT])

    again = api.append([event], **{"If-None-Match": "*"})

    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.json() == first.json()


def test_an_event_id_reused_for_something_else_is_a_conflict(api: Api) -> None:
    event = EVENT | {"event_id": str(uuid7())}
    api.append([event])
    problem = assert_problem(api.append([event | {"user_id": "other"}]), 409, "event-id-conflict")
    assert problem["event_ids"] == [event["event_id"]]


@pytest.mark.parametrize(("header", "value"), [("If-Match", '"7"'), ("If-None-Match", "*")])
def test_a_wrong_version_is_told_with_both(api: Api, header: str, value: str) -> None:
    api.append([EVENT])
    problem = assert_problem(api.append([EVENT], **{header: value}), 412, "version-conflict")
    assert (problem["expected"], problem["actual"]) == (7 if header == "If-Match" else 0, 1)


def test_if_match_star_needs_a_stream(api: Api) -> None:
    assert_problem(api.append([EVENT], **{"If-Match": "*"}), 412, "version-conflict")
    api.append([EVENT])
    assert api.append([EVENT], **{"If-Match": "*"}).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": "1"},
        {"If-Match": 'W/"1"'},
        {"If-Match": '"1", "2"'},
        {"If-Match": '"-1"'},
        {"If-Match": '"1e3"'},
        {"If-Match": '"99999999999999999999"'},
        {"If-Match": ""},
        {"If-None-Match": '"1"'},
        {"If-Match": '"1"', "If-None-Match": "*"},
    ],
)
def test_a_precondition_that_cannot_be_understood(api: Api, headers: dict[str, str]) -> None:
    assert_problem(api.append([EVENT], **headers), 400, "invalid-parameter")


def test_an_installation_may_insist_on_a_version(api: Api, settings: Any) -> None:
    settings.NOVA_REQUIRE_EXPECTED_VERSION = True
    assert_problem(api.append([EVENT]), 428, "precondition-required")
    assert api.append([EVENT], **{"If-None-Match": "*"}).status_code == 201


DEEP = '{"a":' * 70 + "1" + "}" * 70
HOSTILE_BODIES = [
    ("empty", b"", 400, None),
    ("not JSON", b"{", 400, None),
    ("trailing comma", b"[1,]", 400, None),
    ("not UTF-8", b'[{"event_type":"\xff"}]', 400, None),
    ("a surrogate in UTF-8", b'[{"event_type":"\xed\xa0\x80"}]', 400, None),
    ("a byte order mark", b"\xef\xbb\xbf[]", 400, None),
    ("duplicate keys", b'[{"event_type":"a","event_type":"b","payload":{}}]', 400, None),
    ("duplicate keys deep inside", b'[{"event_type":"a.b","payload":{"x":{"y":1,"y":2}}}]', 400, None),
    (
        "NUL in a string",
        b'[{"event_type":"content.post.created","payload":{"caption":"\\u0000"}}]',
        400,
        "/0/payload/caption",
    ),
    ("NUL in a key", b'[{"event_type":"a.b","payload":{"\\u0000":1}}]', 400, None),
    ("a lone surrogate", b'[{"event_type":"a.b","payload":{"x":"\\ud800"}}]', 400, "/0/payload/x"),
    ("an integer beyond 2^53", b'[{"event_type":"a.b","payload":{"x":9007199254740992}}]', 400, None),
    ("an endless integer", b'[{"event_type":"a.b","payload":{"x":' + b"9" * 100_000 + b"}}]", 400, None),
    ("NaN", b'[{"event_type":"a.b","payload":{"x":NaN}}]', 400, None),
    ("Infinity", b'[{"event_type":"a.b","payload":{"x":-Infinity}}]', 400, None),
    ("a number that is too large", b'[{"event_type":"a.b","payload":{"x":1e999}}]', 400, None),
    ("nesting beyond 64", f'[{{"event_type":"a.b","payload":{DEEP}}}]'.encode(), 400, None),
    ("nesting without end", b"[" * 1_000_000, 400, None),
    ("an object", b"{}", 422, ""),
    ("a string", b'"hello"', 422, ""),
    ("null", b"null", 422, ""),
    ("no events", b"[]", 422, ""),
    ("an event that is no object", b"[1]", 422, "/0"),
    ("no payload", b'[{"event_type":"content.post.created"}]', 422, "/0"),
    ("a payload that is no object", b'[{"event_type":"content.post.created","payload":[]}]', 422, "/0/payload"),
    ("a payload that is null", b'[{"event_type":"content.post.created","payload":null}]', 422, "/0/payload"),
    ("an unknown type", b'[{"event_type":"tea.brewed","payload":{}}]', 422, "/0/event_type"),
    ("a type that is no name", b'[{"event_type":"a b","payload":{}}]', 422, "/0/event_type"),
    ("an empty type", b'[{"event_type":"","payload":{}}]', 422, "/0/event_type"),
    ("a type that is too long", json.dumps([{"event_type": "a" * 101, "payload": {}}]).encode(), 422, "/0/event_type"),
    ("a type that is a number", b'[{"event_type":1,"payload":{}}]', 422, "/0/event_type"),
]


@pytest.mark.parametrize(
    ("body", "status", "pointer"), [case[1:] for case in HOSTILE_BODIES], ids=[c[0] for c in HOSTILE_BODIES]
)
def test_a_hostile_body_is_refused(api: Api, body: bytes, status: int, pointer: str | None) -> None:
    response = api.append(body)
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    if pointer is not None:
        assert response.json()["errors"][0]["pointer"] == pointer
    assert scalar("SELECT count(*) FROM domain_events") == 0


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"event_id": "1"}, "/0/event_id"),
        ({"event_id": 1}, "/0/event_id"),
        ({"timestamp": "2025-01-15T10:30:00"}, "/0/timestamp"),
        ({"timestamp": "2025-13-15T10:30:00Z"}, "/0/timestamp"),
        ({"timestamp": 1736937000}, "/0/timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "/0/timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, "/0/timestamp"),
        ({"schema_version": 2}, "/0/schema_version"),
        ({"schema_version": 0}, "/0/schema_version"),
        ({"schema_version": 2**40}, "/0/schema_version"),
        ({"correlation_id": "x"}, "/0/correlation_id"),
        ({"causation_id": []}, "/0/causation_id"),
        ({"user_id": ""}, "/0/user_id"),
        ({"user_id": "x" * 256}, "/0/user_id"),
        ({"user_id": "a\nb"}, "/0/user_id"),
        ({"source_service": "a b"}, "/0/source_service"),
        ({"metadata": []}, "/0/metadata"),
        ({"version": 3}, "/0"),
        ({"payload": POST | {"colour": "red"}}, "/0/payload/colour"),
        ({"payload": POST | {"caption": None}}, "/0/payload/caption"),
        ({"payload": POST | {"created_at": "2025-01-15"}}, "/0/payload/created_at"),
    ],
)
def test_an_event_that_does_not_fit_is_refused_with_its_place(api: Api, changes: dict[str, Any], pointer: str) -> None:
    assert_problem(api.append([EVENT | changes]), 422, "invalid-event", pointer)


def test_the_place_names_the_event(api: Api) -> None:
    assert_problem(api.append([EVENT, EVENT | {"user_id": ""}]), 422, "invalid-event", "/1/user_id")
    assert scalar("SELECT count(*) FROM domain_events") == 0


@pytest.mark.parametrize(
    "stream",
    [
        "a b/1",
        "%00/1",
        "post/%00",
        "post/%0a",
        f"post/{'x' * 256}",
        f"{'x' * 101}/1",
        "-post/1",
        "post/" + quote("\x7f"),
    ],
)
def test_a_stream_that_cannot_have_that_name(api: Api, stream: str) -> None:
    assert_problem(api.append([EVENT], stream), 422, "invalid-event")
    response = api.get(f"streams/{stream}/events")
    assert 400 <= response.status_code < 500


def test_too_many_and_too_large(api: Api, settings: Any) -> None:
    settings.NOVA_MAX_APPEND_EVENTS = 3
    assert_problem(api.append([EVENT] * 4), 422, "invalid-event", "")
    large = {"event_type": "content.post.created", "payload": POST, "metadata": {"x": "y" * 900_000}}
    assert_problem(api.append([large]), 413, "event-too-large")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert_problem(api.append([EVENT] * 10), 413, "body-too-large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_only_json_is_taken(api: Api, content_type: str) -> None:
    response = api.post("streams/post/p1/events", [EVENT], content_type)
    assert_problem(response, 415, "unsupported-media-type")


def test_untyped_events_are_taken_by_choice(api: Api, settings: Any) -> None:
    settings.NOVA_ACCEPT_UNREGISTERED_EVENTS = True
    data = {"cups": 2, "leaf": {"kind": "green", "grams": 2.5}, "é": [None, True]}
    assert api.append([{"event_type": "tea.brewed", "payload": data}], "tea/t1").status_code == 201
    (event,) = api.get("streams/tea/t1/events").json()["items"]
    assert event["payload"] == data
    assert_problem(
        api.append([{"event_type": "tea.brewed", "payload": []}], "tea/t1"), 422, "invalid-event", "/0/payload"
    )


def test_a_transaction_appends_to_several_streams_or_to_none(api: Api) -> None:
    def write(aggregate_id: str, **fields: Any) -> dict[str, Any]:
        return {"aggregate_type": "post", "aggregate_id": aggregate_id, "events": [EVENT]} | fields

    made = api.post("transactions", [write("a", expected_version="no_stream"), write("b", expected_version=0)])
    assert made.status_code == 201
    assert [answer["version"] for answer in made.json()] == [1, 1]

    problem = assert_problem(
        api.post("transactions", [write("a"), write("b", expected_version=5)]), 412, "version-conflict"
    )
    assert problem["stream"] == {"aggregate_type": "post", "aggregate_id": "b"}
    assert api.get("streams/post/a/events").headers["ETag"] == '"1"'

    for body, pointer in (
        ([], ""),
        ({}, ""),
        ([write("a", events=[])], "/0/events"),
        ([write("a"), write("b", events=[EVENT | {"user_id": ""}])], "/1/events/0/user_id"),
        ([write("a", expected_version="sometimes")], "/0/expected_version"),
        ([write("a", expected_version=-1)], "/0/expected_version"),
        ([write("a", expected_version=1.5)], "/0/expected_version"),
        ([write("a"), write("a")], ""),
        ([write("a/b")], "/0/aggregate_id"),
    ):
        assert_problem(api.post("transactions", body), 422, "invalid-event", pointer)


def test_a_stream_is_read_in_pages_both_ways(api: Api) -> None:
    api.append([EVENT] * 5)
    seen, start = [], 1
    while start:
        page = api.get("streams/post/p1/events", limit=2, from_version=start).json()
        seen += [event["version"] for event in page["items"]]
        start = page["next"]
    assert seen == [1, 2, 3, 4, 5]
    page = api.get("streams/post/p1/events", direction="backwards", limit=3).json()
    assert [event["version"] for event in page["items"]] == [5, 4, 3]
    assert page["next"] == 2


def test_one_event_and_the_log(api: Api) -> None:
    event_id = api.append([EVENT | {"user_id": "ann", "metadata": {"a": 1}}]).json()["events"][0]["event_id"]
    event = api.get(f"events/{event_id}").json()
    assert (event["event_id"], event["user_id"], event["metadata"]["a"], event["payload"]) == (
        event_id,
        "ann",
        1,
        POST,
    )
    assert len(event["content_hash"]) == 64
    log = api.get("events").json()
    assert log.keys() == {"items", "next", "safe_position"}


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("events", {"after": "x"}),
        ("events", {"after": "-1"}),
        ("events", {"after": str(2**63)}),
        ("events", {"after": "٣"}),
        ("events", {"limit": "0"}),
        ("events", {"limit": "1001"}),
        ("events", {"colour": "red"}),
        ("events", {"event_type": "a\0b"}),
        ("events", {"correlation_id": "x"}),
        ("events", {"causation_id": ""}),
        ("events", {"since": "2025-01-15T10:30:00"}),
        ("events", {"until": "soon"}),
        ("events/by-time", {"since": "0001-01-01T00:00:00+14:00"}),
        ("events/by-time", {"after": "1"}),
        ("events/by-type/a.b", {"direction": "up"}),
        ("streams", {"after": "post"}),
        ("streams", {"archived": "maybe"}),
        ("streams", {"aggregate_type": "a\0b"}),
        ("events", {"aggregate_type": "a\0b"}),
        ("streams/post/p1/events", {"direction": "sideways"}),
        ("streams/post/p1/events", {"from_version": "0"}),
        ("streams/post/p1/events", {"limit": "1e3"}),
    ],
)
def test_a_bad_parameter_is_named(api: Api, path: str, parameters: dict[str, str]) -> None:
    api.append([EVENT])
    problem = assert_problem(api.get(path, **parameters), 400, "invalid-parameter")
    wrong = "since" if path == "events/by-time" else next(iter(parameters))
    assert problem["errors"][0]["parameter"] == wrong


def test_what_is_not_there(api: Api) -> None:
    assert_problem(api.get("streams/post/none/events"), 404, "stream-not-found")
    assert_problem(api.get(f"events/{uuid7()}"), 404, "event-not-found")
    assert_problem(api.get("events/not-a-uuid"), 404, "not-found")


def test_a_token_may_do_what_its_scopes_say(api: Api) -> None:
    reader, writer = Api("events:read"), Api("events:append")
    api.append([EVENT])
    assert_problem(reader.append([EVENT]), 403, "insufficient-scope")
    assert_problem(writer.get("events"), 403, "insufficient-scope")
    anonymous = Client(raise_request_exception=False)
    assert_problem(anonymous.get("/api/v1/events"), 401, "unauthenticated")


def test_a_correlation_id_given_by_the_client_is_kept(api: Api) -> None:
    correlation = str(uuid7())
    api.append([EVENT], **{"X-Correlation-ID": correlation})
    assert api.get("streams/post/p1/events").json()["items"][0]["correlation_id"] == correlation


def test_events_are_found_by_type_and_by_time_in_pages(api: Api) -> None:
    times = [f"2030-05-0{day}T12:00:00Z" for day in (2, 1, 1, 1)]
    api.append([EVENT | {"timestamp": time} for time in times])
    page = api.get("events/by-type/content.post.created", limit=3).json()
    assert [event["version"] for event in page["items"]] == [4, 3, 2]
    rest = api.get("events/by-type/content.post.created", beyond=page["next"]).json()
    assert ([event["version"] for event in rest["items"]], rest["next"]) == ([1], None)

    seen, where = [], {"since": "2030-05-01T00:00:00Z"}
    while where:
        page = api.get("events/by-time", limit=2, **where).json()
        seen += [event["version"] for event in page["items"]]
        where = page["next"]
    assert seen == [2, 3, 4, 1]


def test_streams_are_described_listed_archived_and_closed() -> None:
    api, operator = Api("events:append", "events:read"), Api("operate")

    def put(stream: str, body: Any) -> Any:
        return operator._client.generic(
            "PUT", f"/api/v1/streams/{stream}/metadata", json.dumps(body), "application/json"
        )

    for stream in ("post/p1", "post/p2", "tea/t1"):
        api.append([EVENT, EVENT], stream)
    said = put("post/p1", {"title": "One", "max_count": 1, "max_age": 3600.5})
    assert (said.status_code, said.json()["max_age"], said.json()["updated_by"]) == (200, 3600.5, "test")
    assert [event["version"] for event in api.get("streams/post/p1/events").json()["items"]] == [2]
    assert api.get("streams/post/p1/metadata").json()["title"] == "One"

    assert operator.post("streams/post/p2/archive", {"reason": "old"}).status_code == 200
    page = api.get("streams", limit=1).json()
    assert (page["items"][0]["aggregate_id"], page["items"][0]["version"], page["next"]) == ("p1", 2, "post/p1")
    assert [item["aggregate_id"] for item in api.get("streams", after="post/p1").json()["items"]] == ["t1"]
    assert operator.post("streams/post/p2/restore", {"reason": "needed"}).status_code == 200
    assert len(api.get("streams", aggregate_type="post").json()["items"]) == 2

    assert operator.post("streams/post/p1/tombstone", {"reason": "wrong"}).json()["tombstoned_at"]
    problem = assert_problem(api.append([EVENT]), 409, "stream-tombstoned")
    assert (problem["stream"], problem["reason"]) == ({"aggregate_type": "post", "aggregate_id": "p1"}, "wrong")

    assert_problem(api.post("streams/post/p1/tombstone", {"reason": "x"}), 403, "insufficient-scope")
    assert_problem(operator.post("streams/post/p2/tombstone", {}), 422, "invalid-event", "")
    assert_problem(operator.post("streams/post/p2/tombstone", {"reason": "\0"}), 400, "invalid-json")
    assert_problem(put("post/p1", {"max_count": 0}), 422, "invalid-event", "/max_count")
    assert_problem(put("post/p1", {"max_age": 1e99}), 422, "invalid-event", "/max_age")
    assert_problem(put("post/p1", {"max_age": 1e-9}), 422, "invalid-event", "/max_age")
    assert_problem(put("post/p1", {"colour": 1}), 422, "invalid-event")


def test_an_aggregate_type_whose_topic_no_broker_could_tell_from_another_is_refused(api: Api, settings: Any) -> None:
    settings.NOVA_ACCEPT_UNREGISTERED_EVENTS = True
    seen = {"event_type": "thing.seen", "payload": {}}
    assert api.append([seen], stream="box.lid/1").status_code == 201

    problem = assert_problem(api.append([seen], stream="box_lid/1"), 422, "invalid-event", "/aggregate_type")

    assert "box.lid.events" in problem["detail"]
    assert api.get("streams/box_lid/1/events").status_code == 404
    writes = [{"aggregate_type": name, "aggregate_id": "1", "events": [seen]} for name in ("fresh", "box_lid")]
    assert_problem(api.post("transactions", writes), 422, "invalid-event", "/1/aggregate_type")
    assert api.get("streams/fresh/1/events").status_code == 404
