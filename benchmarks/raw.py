"""Raw limit: plain psycopg with the best statements known, on tables with the same columns and indexes.

It checks nothing, hashes nothing and guards nothing: versions are handed in, the content hash is made up, and what is
read stays as it comes but for the payload and the metadata.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from msgspec import Struct

from benchmarks.events import METADATA, WHEN

TABLES = (
    "CREATE TABLE raw_events (LIKE domain_events INCLUDING ALL)",
    "CREATE TABLE raw_outbox (LIKE outbox_events INCLUDING ALL)",
)
HASH = b"\0" * 32
ONE = """
WITH event AS (
    INSERT INTO raw_events (event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
        timestamp, correlation_id, metadata, payload, content_hash)
    VALUES (%(event_id)s, 'content.post.created', 1, 'nova', 'post', %(stream)s, %(version)s,
        %(timestamp)s, %(correlation_id)s, %(metadata)s, %(payload)s, %(hash)s)
    RETURNING position
)
INSERT INTO raw_outbox (event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version,
    source_service, topic, partition_key, shard, payload, metadata, correlation_id, timestamp)
SELECT %(event_id)s, position, 'post', %(stream)s, %(version)s, 'content.post.created', 1,
    'nova', 'nova.content.events', %(stream)s, 7, %(payload)s, %(metadata)s, %(correlation_id)s, %(timestamp)s
FROM event
RETURNING position
"""
MANY = """
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(batch)s::json) AS e(
        event_id uuid, aggregate_id varchar, version bigint, timestamp timestamptz, correlation_id uuid,
        metadata json, payload json)
), event AS (
    INSERT INTO raw_events (event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
        timestamp, correlation_id, metadata, payload, content_hash)
    SELECT event_id, 'content.post.created', 1, 'nova', 'post', aggregate_id, version,
        timestamp, correlation_id, metadata, payload, '\\x00'::bytea
    FROM given
    RETURNING position, event_id
)
INSERT INTO raw_outbox (event_id, position, aggregate_type, aggregate_id, version, event_type, schema_version,
    source_service, topic, partition_key, shard, payload, metadata, correlation_id, timestamp)
SELECT g.event_id, e.position, 'post', g.aggregate_id, g.version, 'content.post.created', 1,
    'nova', 'nova.content.events', g.aggregate_id, 7, g.payload, g.metadata, g.correlation_id, g.timestamp
FROM given g JOIN event e USING (event_id)
RETURNING position
"""
COLUMNS = """
    position, event_id, event_type, schema_version, source_service, aggregate_type, aggregate_id, version,
    timestamp::text, created_at::text, correlation_id, causation_id, user_id, metadata::text, payload::text,
    content_hash
"""
LOAD = f"""
SELECT {COLUMNS} FROM raw_events
WHERE aggregate_id = %(stream)s AND aggregate_type = 'post' ORDER BY version
"""
PAGE = f"""
SELECT {COLUMNS} FROM raw_events WHERE position > %(after)s ORDER BY position LIMIT 1000
"""
_ENCODE = msgspec.json.Encoder().encode
_METADATA = _ENCODE(METADATA).decode()


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection as fast as psycopg makes them: prepared from the first time on."""
    return psycopg.connect(url, autocommit=True, prepare_threshold=0)


def append_one(
    connection: psycopg.Connection[Any], stream: str, payload: Struct | dict[str, Any], *, version: int = 1
) -> None:
    """One event and its outbox row."""
    parameters = {
        "event_id": uuid4(),
        "stream": stream,
        "version": version,
        "timestamp": WHEN,
        "correlation_id": uuid4(),
        "metadata": _METADATA,
        "payload": _ENCODE(payload).decode(),
        "hash": HASH,
    }
    psycopg.Cursor(connection).execute(ONE, parameters).fetchall()


def append_many(connection: psycopg.Connection[Any], stream: str, payloads: Sequence[Struct | dict[str, Any]]) -> None:
    """Several events of one stream and their outbox rows."""
    rows = [
        {
            "event_id": uuid4(),
            "aggregate_id": stream,
            "version": version,
            "timestamp": WHEN,
            "correlation_id": uuid4(),
            "metadata": METADATA,
            "payload": payload,
        }
        for version, payload in enumerate(payloads, 1)
    ]
    psycopg.Cursor(connection).execute(MANY, {"batch": _ENCODE(rows).decode()}).fetchall()
