"""Requests reach Django whole, bounded, or not at all."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator

from nova.rest.asgi import NovaASGIHandler


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
        start, body = await application.receive_output(), b""
        while True:
            message = await application.receive_output()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await application.wait()
        return start["status"], dict(start["headers"]), body

    return asyncio.run(exchange())


def assert_problem(answer, status, slug):
    assert answer[0] == status
    assert answer[1][b"Content-Type"] == b"application/problem+json"
    assert json.loads(answer[2])["type"] == f"urn:nova:problem:{slug}"


def read(*chunks):
    handler, messages = NovaASGIHandler(), iter(chunks)

    async def receive():
        chunk = next(messages, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    return handler, asyncio.run(handler.read_body(receive))


def test_a_body_in_chunks_without_a_length_is_taken_with_its_length():
    handler, body = read(b"[1,", b"2]")
    with body:
        request, refusal = handler.create_request(scope("/api/v1/events", method="POST"), body)
        assert refusal is None
        assert request.META["CONTENT_LENGTH"] == "5"
        assert request.read() == b"[1,2]"


def test_a_body_that_is_too_large_is_refused_and_not_kept(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    _, body = read(*[b"x" * 8] * 1_000)
    with body:
        assert body.seek(0, 2) == 11
    assert_problem(ask(scope("/api/v1/events", method="POST"), b"x" * 8, b"x" * 8), 413, "body-too-large")


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
