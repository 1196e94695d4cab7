"""Requests reach Django whole, bounded, or not at all."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.exceptions import RequestDataTooBig

from nova.server.handler import NovaASGIHandler
from tests.support import held

TIMEOUT = 30
"""Seconds that an answer may take on a machine that others use as well."""


def scope(path, *, method="GET", headers=(), query=b""):
    headers = [(b"host", b"localhost"), *headers]
    return {"type": "http", "method": method, "path": path, "headers": headers, "query_string": query}


def ask(scope, *chunks):
    """The answer of the whole application: status, headers, body."""

    async def exchange():
        application = ApplicationCommunicator(NovaASGIHandler(), scope)
        for chunk in chunks:
            await application.send_input({"type": "http.request", "body": chunk, "more_body": True})
        await application.send_input({"type": "http.request"})
        start, body = await application.receive_output(TIMEOUT), b""
        while True:
            message = await application.receive_output(TIMEOUT)
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await application.wait(TIMEOUT)
        return start["status"], dict(start["headers"]), body

    return asyncio.run(exchange())


def assert_problem(answer, status, slug):
    assert answer[0] == status
    assert answer[1][b"Content-Type"] == b"application/problem+json"
    assert json.loads(answer[2])["type"] == f"urn:nova:problem:{slug}"


def read(chunks):
    handler, coming = NovaASGIHandler(), iter(chunks)

    async def receive():
        chunk = next(coming, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    return handler, asyncio.run(handler.read_body(receive))


def test_a_body_in_chunks_without_a_length_is_taken_with_its_length():
    handler, body = read([b"[1,", b"2]"])
    with body:
        request, refusal = handler.create_request(scope("/api/v1/events", method="POST"), body)
        assert refusal is None
        assert request.META["CONTENT_LENGTH"] == "5"
        assert request.read() == b"[1,2]"


def test_a_body_that_is_too_large_is_refused_and_not_read_on(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    coming = iter([b"x" * 8] * 1_000)
    with pytest.raises(RequestDataTooBig):
        read(coming)
    assert len(list(coming)) == 998
    assert_problem(ask(scope("/api/v1/events", method="POST"), b"x" * 8, b"x" * 8), 413, "body-too-large")


def test_a_body_that_is_announced_to_be_too_large_is_not_read_at_all(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    sent = []

    async def never():
        raise AssertionError("nothing is asked for")

    async def send(message):
        sent.append(message)

    announced = scope("/api/v1/events", method="POST", headers=[(b"content-length", b"11")])
    asyncio.run(NovaASGIHandler()(announced, never, send))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("first", [b"", b"[" * 100, b"[" * 1_000_000])
def test_a_body_that_stops_coming_is_not_waited_for(settings, first):
    settings.NOVA_CLIENT_TIMEOUT = 0.2
    sent = []
    coming = iter([{"type": "http.request", "body": first, "more_body": True}])

    async def receive():
        return next(coming, None) or await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    answering = NovaASGIHandler()(scope("/api/v1/events", method="POST"), receive, send)
    asyncio.run(asyncio.wait_for(answering, 4))
    assert sent[0]["status"] == 408
    assert dict(sent[0]["headers"])[b"Connection"] == b"close"


def test_while_a_client_reads_nothing_of_the_answer_is_kept_but_the_answer(settings, monkeypatch):
    settings.ROOT_URLCONF = "tests.support.held"
    ended: list[str] = []
    monkeypatch.setattr(held, "ended", ended)
    at_first_byte: list[list[str]] = []
    coming = iter([{"type": "http.request"}])

    async def receive():
        return next(coming, None) or await asyncio.Event().wait()

    async def send(message):
        at_first_byte.append(list(ended))

    asyncio.run(NovaASGIHandler()(scope("/held"), receive, send))
    assert at_first_byte[0] == ["connection", "data"]


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"content-type", b"application/json; charset*=bogus''x")], b""),
        ([], b"after=\xff"),
    ],
)
def test_what_cannot_be_decoded_is_refused(headers, query):
    assert_problem(ask(scope("/api/v1/events", headers=headers, query=query)), 400, "bad-request")


def test_an_unknown_address_is_a_problem_document_with_the_correlation_id():
    given = b"01a1fdc7-9b20-72fb-9e11-26652c3c4e9f"
    answer = ask(scope("/api/v1/nothing", headers=[(b"x-correlation-id", given)]))
    assert_problem(answer, 404, "not-found")
    assert answer[1][b"X-Correlation-ID"] == given
    assert json.loads(answer[2])["instance"] == f"urn:uuid:{given.decode()}"


def test_a_correlation_id_that_is_none_is_replaced():
    answer = ask(scope("/health/live", headers=[(b"x-correlation-id", b"<script>")]))
    assert answer[0] == 200
    assert len(answer[1][b"X-Correlation-ID"]) == 36


@pytest.mark.parametrize(
    "path", ["/api/v1/\ufffd", "/api/v1/" + "a" * 50_000, "/api//", "/api/v1/../../etc", "/api/\0"]
)
def test_odd_addresses_are_not_found(path):
    assert_problem(ask(scope(path)), 404, "not-found")


def test_an_unknown_host_is_refused():
    answer = ask({**scope("/api/v1/nothing/"), "headers": [(b"host", b"evil.example")]})
    assert_problem(answer, 400, "bad-request")


def test_files_are_sent_piece_by_piece():
    status, _, body = ask(scope("/static/nova/icon.svg"))
    assert status == 200
    assert body.startswith(b"<svg")
