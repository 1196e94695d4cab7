"""An outside client produces 10 000 messages of 1 000 bytes at 1 000/s: all have their effect, each once (B11).

How soon is said, and not asserted: that the machine decides. The same as a ratio to a bare consumer of the same run is
`latency_effect` of the benchmarks.
"""

import json
import shutil
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from django.db import transaction

from outbox.api import ConsumerGroup, Handler, KafkaBus, ReceivedEvent, RetryPolicy, TopicSpec
from outbox.consumers.consumer import ConsumerRunner
from outbox.consumers.settings import ConsumerSettings
from outbox.models import InboxEntry
from tests.support.outbox import eventually, hosted, unique

KCAT = shutil.which("kcat")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.usefixtures("recording", "kafka", "redis_url"),
    pytest.mark.skipif(KCAT is None, reason="NOT PROVED: kcat is not installed (apt-get install kcat)"),
]

MESSAGES, BYTES, RATE = 10_000, 1_000, 1_000
AT_ONCE = 10
# Messages that do not count: with them clients connect and the group forms.
AT_FIRST = 1_000
ALL = MESSAGES + AT_FIRST


def line(number: int) -> str:
    """Key and body, as kcat takes them."""
    body = json.dumps({"number": number, "filling": ""}, separators=(",", ":"))
    body = json.dumps({"number": number, "filling": "x" * (BYTES - len(body))}, separators=(",", ":"))
    return f"key-{number % 100}\t{body}\n"


def feed(brokers: str, topic: str, await_first: Callable[[], object]) -> None:
    """Let kcat produce: first those that do not count, then all.

    kcat knows no rate, so its input comes at that rate. It reads a block at a time, so one message would stay with it.
    """
    command = [str(KCAT), "-P", "-b", brokers, "-t", topic, "-K", "\t", "-H", "event_type=note.taken"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as kcat:
        assert kcat.stdin is not None
        kcat.stdin.write("".join(line(number) for number in range(MESSAGES, MESSAGES + AT_FIRST)))
        kcat.stdin.flush()
        await_first()
        began = time.monotonic()
        for place, start in enumerate(range(0, MESSAGES, AT_ONCE)):
            time.sleep(max(0.0, began + place * AT_ONCE / RATE - time.monotonic()))
            kcat.stdin.write("".join(line(number) for number in range(start, start + AT_ONCE)))
            kcat.stdin.flush()
    assert kcat.returncode == 0


def test_ten_thousand_messages_of_an_outside_client_have_their_effect(kafka: KafkaBus, kafka_brokers: str) -> None:
    topic = unique("load")
    lags: dict[int, float] = {}
    handled: Counter[int] = Counter()
    sizes: set[int] = set()

    def note(events: Sequence[ReceivedEvent]) -> None:
        written = {event.payload.data["number"]: event.timestamp.timestamp() for event in events}  # type: ignore[attr-defined]
        sizes.update(len(line(number).partition("\t")[2]) - 1 for number in written)

        def committed() -> None:
            now = time.time()
            lags.update({number: now - timestamp for number, timestamp in written.items()})
            handled.update(list(written))

        transaction.on_commit(committed)

    kafka.ensure_topics([TopicSpec(name=topic, partitions=6)])
    handler = Handler(name="note", event_types=["note.taken"], handle_batch=note)
    group = ConsumerGroup(name=unique("group"), topics=[topic], handlers=[handler])
    settings = ConsumerSettings(
        group_id=group.name, topics=tuple(group.topics), batch=500, policy=RetryPolicy(limit=2, base=0.1)
    )
    with hosted(ConsumerRunner(group, KafkaBus(kafka_brokers), settings)):
        feed(kafka_brokers, topic, lambda: eventually(lambda: len(lags) > AT_FIRST / 2))
        eventually(lambda: len(lags) == ALL)

    assert sizes == {BYTES}
    assert handled == Counter(range(ALL))
    assert InboxEntry.objects.filter(consumer=group.name).count() == ALL
    counted = [lags[number] * 1000 for number in range(MESSAGES)]
    p50, p99 = statistics.median(counted), statistics.quantiles(counted, n=100)[98]
    print(f"from produced to committed: p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {max(counted):.1f} ms")
