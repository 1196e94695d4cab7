"""Raw limit of an append over HTTP: a bare Django view with the raw statement, without token or checks."""

import msgspec
import psycopg
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from benchmarks import raw


@csrf_exempt
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
    return HttpResponse(body, content_type="application/json", status=201)
