"""No input to the API ends in a 5xx (I12): what cannot be understood gets its problem document."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run
from hypothesis import strategies as st

from events.api import StreamId, get_events
from projections.cursors import to_cursor
from tests.support.operations import NEEDED, OPERATIONS, address, every_operation, every_read, parameters
from tests.support.problems import MEDIA_TYPE, assert_problem
from tests.support.shares import one_of, share

LOG = "/api/v1/events"
STREAM = "/api/v1/streams/user/1/events"
EVENT = '{"event_type":"user.followed","payload":{"follower_id":"a","followed_id":"b"}}'
JSON = "application/json"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'[{"event_type":"a","event_type":"b"}]',
        b'["\\u0000"]',
        b'["\\ud800"]',
        b"[NaN]",
        b"[1e999]",
        b"[12345678901234567890]",
        b"[" * 100_000,
        b"[" * 65 + b"]" * 65,
        b" ",
        b"null null",
    ],
)
def test_what_is_not_i_json_gets_400_with_a_pointer(caller, body):
    document = assert_problem(caller.post(STREAM, body, content_type=JSON), 400, "invalid-json")
    assert document["errors"][0].keys() == {"pointer", "detail"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("{}", ""),
        ("[]", ""),
        ("[1]", "/0"),
        ("null", ""),
        ('"text"', ""),
        (f'[{EVENT}, {{"event_type":"user.followed"}}]', "/1"),
        ('[{"event_type":"user.followed","payload":{"follower_id":1,"followed_id":"b"}}]', "/0/payload/follower_id"),
        (f'[{EVENT[:-1]},"unknown":1}}]', "/0"),
        (f'[{EVENT[:-1]},"event_id":"no"}}]', "/0/event_id"),
        (f'[{EVENT[:-1]},"timestamp":"2025-01-01T00:00:00"}}]', "/0/timestamp"),
        (f'[{EVENT[:-1]},"timestamp":"0001-01-01T00:00:00+14:00"}}]', "/0/timestamp"),
        (f'[{EVENT[:-1]},"schema_version":2147483648}}]', "/0/schema_version"),
        (f'[{EVENT[:-1]},"metadata":[]}}]', "/0/metadata"),
    ],
)
def test_what_cannot_be_an_event_gets_422_with_a_pointer(caller, body, pointer):
    document = assert_problem(caller.post(STREAM, body, content_type=JSON), 422, "invalid-event")
    assert document["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", STREAM),
        ("put", "/api/v1/streams/user/1/metadata"),
        ("post", "/api/v1/streams/user/1/archive"),
        ("post", "/api/v1/commands/user/create"),
        ("post", "/api/v1/operations"),
    ],
)
def test_a_body_that_is_missing_is_no_empty_object(caller, method, path):
    document = assert_problem(caller.generic(method.upper(), path, b"", content_type=JSON), 400, "bad-request")
    assert document["detail"] == "a body is needed"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "", "json", "application/json; charset=utf-16"]
)
def test_other_media_types_get_415(caller, kind):
    assert_problem(caller.post(STREAM, f"[{EVENT}]".encode(), content_type=kind), 415, "unsupported-media-type")


@pytest.mark.parametrize("accept", ["text/html", "image/*;q=1", "application/json; q*=bogus''x", "x" * 9_000, "/"])
def test_other_representations_get_406(caller, accept):
    assert_problem(caller.get(LOG, headers={"Accept": accept}), 406, "not-acceptable")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "__CLASS__", "DISPATCH"])
def test_other_methods_get_405_with_the_known_ones(caller, method):
    response = caller.generic(method, LOG)
    assert_problem(response, 405, "method-not-allowed")
    assert "GET" in response.headers["Allow"]


def test_a_body_beyond_the_limit_gets_413(caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert_problem(caller.post(STREAM, b'"' + b"a" * 1_000 + b'"', content_type=JSON), 413, "body-too-large")


def test_an_event_beyond_the_limit_gets_413_and_learns_the_limit(caller):
    large = EVENT[:-1] + ',"metadata":{"a":"' + "a" * 1_000_000 + '"}}'
    document = assert_problem(caller.post(STREAM, f"[{large}]", content_type=JSON), 413, "event-too-large")
    assert document["size"] > document["limit"]


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=1.5", "after=99999999999999999999", "after=%00", "limit=0", "limit=ten", "after=%FF",
     "unknown=1", "limit=٣", "after=", "event_type=%00", "format=xml", "&".join(f"p{n}=1" for n in range(2_000))],
)  # fmt: skip
def test_odd_parameters_get_400(caller, query):
    response = caller.get(f"{LOG}?{query}")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    "path",
    ["/api/v1/streams/user/%00/events", "/api/v1/streams/%F0%9F%92%A9/1/events", "/api/v1/streams/user/%FF/events",
     f"/api/v1/streams/user/{'a' * 5_000}/events", "/api/v1/events/not-a-uuid", "/api/v1/streams/user/1/events/",
     "/api/v1/streams/user/a%2Fb/events", "/api/v1/streams/user/%2E%2E/events",
     "/api/v1/", "/api/", "/api/v1/events/00000000-0000-0000-0000-000000000000"],
)  # fmt: skip
def test_odd_addresses_get_a_4xx(caller, path):
    response = caller.get(path)
    assert 400 <= response.status_code < 500
    assert response.headers["Content-Type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    "header",
    ["3", 'W/"3"', '"a"', '"1", "2"', '"99999999999999999999"', "", '"-1"', "\0"],
)
def test_odd_preconditions_get_400(caller, header):
    response = caller.post(STREAM, f"[{EVENT}]", content_type=JSON, headers={"If-Match": header})
    assert_problem(response, 400, "invalid-parameter")


def test_a_version_conflict_says_what_the_version_is(caller):
    assert caller.post(STREAM, f"[{EVENT}]", content_type=JSON).status_code == 201
    response = caller.post(STREAM, f"[{EVENT}]", content_type=JSON, headers={"If-Match": '"7"'})
    document = assert_problem(response, 412, "version-conflict")
    assert (document["expected"], document["actual"]) == (7, 1)
    assert response.headers["ETag"] == '"1"'


def test_an_unknown_type_is_named(caller):
    response = caller.post(STREAM, '[{"event_type":"no.such_thing","payload":{}}]', content_type=JSON)
    assert assert_problem(response, 422, "unknown-event-type")["event_type"] == "no.such_thing"


def test_nothing_that_was_refused_has_left_a_trace(caller):
    caller.post(STREAM, f"[{EVENT}, 1]", content_type=JSON)
    assert caller.get(STREAM).status_code == 404


def test_the_correlation_id_and_the_trace_of_a_request_are_those_of_its_events(caller):
    given = "01a1fdc7-9b20-72fb-9e11-26652c3c4e9f"
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"X-Correlation-ID": given, "traceparent": trace}
    assert caller.post(STREAM, f"[{EVENT}]", content_type=JSON, headers=headers).status_code == 201
    (event,) = get_events(StreamId("user", "1"))
    assert str(event.correlation_id) == given
    assert event.metadata["traceparent"] == trace


ODD = (
    *("\0", "'", '"', "\\", "%", "%%", "_", "\\%", "%s", "{}", "[", "(", "*", "\ufffd", "\u2028"),
    *("a" * 300, "\U0001f4a9" * 300, "--" * 20 + "a", "-!" * 40 + "a"),
    *("-1", "0", "9" * 9, "9" * 18, "9" * 19, "9" * 400, "1e5", "NaN", "null", "0x10"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-31", "infinity", "epoch"),
    *("9223372036854775807-" + "f" * 16, "1-\0", "a/b", "a/\u2028", "..", "{00000000-0000-0000-0000-000000000000}"),
    *(to_cursor(key) for key in ("\0", "x" * 9_000, [1e308, "x"], [-1e308, "\0"], [])),
    *(to_cursor(key) for key in (["9999-12-31", "x"], ["0001-01-01", "\0"])),
)


SOME = 5
PLACES = {
    (path, name): place
    for place, (path, name) in enumerate(
        (path, name)
        for _, path, operation in OPERATIONS
        for where in ("query", "path")
        for name in parameters(operation, where)
    )
}


@one_of(SOME)
@every_read
def test_no_odd_value_of_a_parameter_ends_in_a_5xx(caller, method, path, operation, among):
    needed = {name: NEEDED[name] for name, is_needed in parameters(operation, "query").items() if is_needed}
    for name in parameters(operation, "query"):
        for value in share(ODD, PLACES[path, name], among=among):
            response = caller.get(address(path), needed | {name: value})
            assert response.status_code < 500, (name, value)


@one_of(SOME)
@every_operation
def test_no_odd_part_of_an_address_ends_in_a_5xx(caller, method, path, operation, among):
    for name in parameters(operation, "path"):
        for value in share(ODD, PLACES[path, name], among=among):
            response = caller.generic(method.upper(), address(path, **{name: value}), "[]", JSON)
            assert response.status_code < 500, (name, value)


@run(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), kind=st.text(max_size=40))
def test_no_body_ends_in_a_5xx(caller, body, kind):
    kind = kind.encode("latin-1", "ignore").decode("latin-1").replace("\r", "").replace("\n", "")
    for media_type in (JSON, kind):
        response = caller.generic("POST", STREAM, body, content_type=media_type)
        assert response.status_code < 500


@run(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["after", "limit", "event_type", "aggregate_type", "x"]), value=st.text(max_size=50))
def test_no_query_ends_in_a_5xx(caller, name, value):
    assert caller.get(LOG, {name: value}).status_code < 500


@run(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80))
@pytest.mark.parametrize(
    "header", ["Accept", "Authorization", "If-Match", "If-None-Match", "X-Correlation-ID", "traceparent"]
)
def test_no_header_ends_in_a_5xx(caller, header, value):
    response = caller.post(STREAM, f"[{EVENT}]", content_type=JSON, headers={header: value})
    assert response.status_code < 500
