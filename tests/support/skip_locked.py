"""A relay as one is often written, with SKIP LOCKED: the control that must fail the check of order.

Each of several takes the oldest rows that no other has locked, so that one publishes the later rows of a key while
another still has the earlier ones in hand.
"""

import threading

from outbox.api import KafkaBus, OutgoingMessage, own_connection
from tests.support.outbox import EVENTUALLY_TIMEOUT

TAKE = """
SELECT id, event_id::text, topic, partition_key, payload::text, version::text FROM outbox_events
WHERE NOT published ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED
"""
COMPLETE = "UPDATE outbox_events SET published = true WHERE id = ANY(%s)"


def relay_skipping_locked(brokers: str, *, relays: int, batch: int) -> None:
    """Let so many of them empty the outbox side by side."""
    threads = [threading.Thread(target=_relay, args=(brokers, batch), daemon=True) for _ in range(relays)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(EVENTUALLY_TIMEOUT)
        assert not thread.is_alive()


def _relay(brokers: str, batch: int) -> None:
    bus = KafkaBus(brokers)
    with own_connection() as own:
        own.set_autocommit(False)
        while True:
            with own.cursor() as cursor:
                cursor.execute(TAKE, [batch])
                rows = cursor.fetchall()
                if not rows:
                    break
                results = bus.publish_batch(
                    [
                        OutgoingMessage(
                            topic=topic,
                            key=key.encode(),
                            body=payload.encode(),
                            headers=(("event_id", event_id.encode()), ("version", version.encode())),
                        )
                        for _, event_id, topic, key, payload, version in rows
                    ]
                )
                assert not any(results)
                cursor.execute(COMPLETE, [[row[0] for row in rows]])
            own.commit()
    bus.close()
