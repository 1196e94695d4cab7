"""TLS for Redis and RabbitMQ: both work over it, and only with a server that somebody vouches for."""

import shutil
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery
from django.core.cache import cache

from nova.health.checks import check_redis
from nova.local.servers.embedded import Embedded
from outbox.bus.base import Failure, OutgoingMessage, TopicSpec
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.wire import RabbitAddress
from outbox.signals.wakeup import WakeupListener, announce_append
from tests.support.kafka_security import Certificates, certificates
from tests.support.outbox import eventually, unique
from tests.support.tls import tls_in_front_of

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure_redis_url(redis_url: str, known: Certificates, settings: Any) -> Iterator[str]:
    """As an operator writes it: the authority is named in the URL."""
    parts = urlsplit(redis_url)
    assert parts.port
    with tls_in_front_of(parts.port, certificate=known.broker) as port:
        url = f"rediss://:{parts.password}@127.0.0.1:{port}/0?ssl_ca_certs={known.authority}&ssl_cert_reqs=required"
        settings.REDIS_URL = url
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": url}}
        yield url


def test_wake_ups_cache_and_health_go_over_tls(secure_redis_url: str) -> None:
    listener, stop = WakeupListener(secure_redis_url), threading.Event()
    listener.wait(0.05, stop)

    def heard() -> bool:
        announce_append()
        return listener.wait(0.5, stop)

    eventually(heard)
    listener.close()
    cache.set("key", "value")
    assert cache.get("key") == "value"
    check_redis()


def test_celery_sends_over_tls(secure_redis_url: str, redis_url: str) -> None:
    queue = unique("queue")
    with Celery(broker=secure_redis_url) as app:
        app.send_task("nothing", queue=queue)

    with redis.Redis.from_url(redis_url) as client:
        assert client.llen(queue) == 1


def test_a_redis_that_nobody_vouches_for_is_not_spoken_to(secure_redis_url: str, tmp_path: Path, settings: Any) -> None:
    others = certificates(tmp_path, name="others")
    settings.REDIS_URL = secure_redis_url.partition("?")[0] + f"?ssl_ca_certs={others.authority}"

    with pytest.raises(redis.exceptions.ConnectionError, match="certificate verify failed"):
        check_redis()


@pytest.fixture
def secure_rabbitmq_url(rabbitmq: Embedded, known: Certificates) -> Iterator[str]:
    parts = urlsplit(rabbitmq.address)
    assert parts.port
    with tls_in_front_of(parts.port, certificate=known.broker) as port:
        yield f"amqps://{parts.username}:{parts.password}@127.0.0.1:{port}//"


def test_rabbitmq_goes_over_tls(secure_rabbitmq_url: str, known: Certificates) -> None:
    bus = RabbitBus(RabbitAddress(url=secure_rabbitmq_url, ca_location=str(known.authority)))
    topic = unique("secured")
    subscription = bus.subscribe(unique("group"), [topic])

    assert bus.publish_batch([OutgoingMessage(topic=topic, key=b"k", body=b"x" * 200_000)]) == [None]

    (received,) = eventually(lambda: subscription.poll(limit=1, timeout=0.5))
    assert received.body == b"x" * 200_000
    subscription.close()
    bus.close()


@pytest.mark.parametrize("authority", ["", "others"])
def test_a_rabbitmq_that_nobody_vouches_for_is_not_spoken_to(
    secure_rabbitmq_url: str, authority: str, tmp_path: Path
) -> None:
    location = str(certificates(tmp_path, name=authority).authority) if authority else ""
    bus = RabbitBus(RabbitAddress(url=secure_rabbitmq_url, ca_location=location))

    failure = bus.ensure_topics([TopicSpec(name="any", partitions=1)])["any"]

    assert failure.failure is Failure.OUTAGE
    assert "certificate verify failed" in failure.reason
    assert ssl.SSLCertVerificationError.__name__ in failure.reason
