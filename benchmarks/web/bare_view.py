"""Raw limit of an append over HTTP: a bare Django view with the raw statement, without token, checks or middleware.

It is served as a WSGI application by Granian's threads, the fastest of the servers that were tried (ADR 29).
"""

import msgspec
import psycopg
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks import raw


def append(request: HttpRequest, aggregate_id: str) -> HttpResponse:
    """Append the body's events to a new stream."""
    payloads = [event["payload"] for event in msgspec.json.decode(request.body)]
    connection.ensure_connection()
    client: psycopg.Connection[object] = connection.connection
    if len(payloads) == 1:
        raw.append_one(client, aggregate_id, payloads[0])
    else:
        raw.append_many(client, aggregate_id, payloads)
    body = msgspec.json.encode({"version": len(payloads)})
    headers = {"Content-Length": str(len(body))}
    return HttpResponse(body, content_type="application/json", status=201, headers=headers)


urlpatterns = [path("bare/<str:aggregate_id>", append)]
application = get_wsgi_application()
