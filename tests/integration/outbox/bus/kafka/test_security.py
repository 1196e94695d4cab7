"""Kafka over SASL and TLS: the right password or certificate lets Nova in, and nothing else does."""

import logging
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from confluent_kafka.cimpl import NewTopic
from django.core.management import CommandError, call_command
from msgspec import structs

from nova.health.checks import check_broker
from outbox.bus.base import Failure, OutgoingMessage, TopicSpec
from outbox.bus.kafka.bus import KafkaBus
from outbox.conf import KafkaSecurity
from tests.support.kafka_security import PASSWORD, SecuredKafka, certificates, secured_kafka
from tests.support.outbox import eventually, unique

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as server:
        credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        admin = AdminClient({"bootstrap.servers": server.address})
        changed = admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion("nova", credentials, PASSWORD.encode())]
        )
        for future in changed.values():
            future.result(10)
        yield server


def by_password(kafka: SecuredKafka, mechanism: str = "SCRAM-SHA-512") -> KafkaSecurity:
    return KafkaSecurity(
        protocol="SASL_SSL",
        mechanism=mechanism,
        username="nova",
        password=PASSWORD,
        ca_location=str(kafka.certificates.authority),
    )


def by_certificate(kafka: SecuredKafka) -> KafkaSecurity:
    return KafkaSecurity(
        protocol="SSL",
        ca_location=str(kafka.certificates.authority),
        certificate_location=str(kafka.certificates.client),
        key_location=str(kafka.certificates.client_key),
    )


def goes_round(bus: KafkaBus) -> None:
    """Administrator, producer and consumer are let in."""
    topic = unique("secured")
    assert bus.ensure_topics([TopicSpec(name=topic, partitions=1)]) == {}
    assert bus.publish_batch([OutgoingMessage(topic=topic, key=b"k", body=b"secret")]) == [None]
    subscription = bus.subscribe(unique("group"), [topic])
    (received,) = eventually(lambda: subscription.poll(limit=1, timeout=0.2))
    subscription.close()
    bus.close()
    assert received.body == b"secret"


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_password_opens_the_way_over_tls(kafka: SecuredKafka, mechanism: str) -> None:
    goes_round(KafkaBus(kafka.sasl_address, security=by_password(kafka, mechanism)))


def test_who_may_write_and_not_create_needs_no_more(kafka: SecuredKafka) -> None:
    topic = unique("acl")
    admin = AdminClient({"bootstrap.servers": kafka.address})
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(10)
    rights = [
        AclBinding(
            ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:nova", "*", operation, AclPermissionType.ALLOW
        )
        for operation in (AclOperation.WRITE, AclOperation.DESCRIBE)
    ]

    def of(kind: Any, resource: ResourceType, name: str, pattern: ResourcePatternType) -> Any:
        return kind(resource, name, pattern, "User:nova", "*", AclOperation.CREATE, AclPermissionType.DENY)

    forbidden = (
        (ResourceType.BROKER, "kafka-cluster", ResourcePatternType.LITERAL),
        (ResourceType.TOPIC, "acl", ResourcePatternType.PREFIXED),
    )
    rights += [of(AclBinding, *place) for place in forbidden]
    for future in admin.create_acls(rights).values():
        future.result(10)
    try:
        bus = KafkaBus(kafka.sasl_address, security=by_password(kafka))
        missing = unique("acl")

        # What an administrator has made is found; what is missing is said to be forbidden.
        failures = eventually(
            lambda: bus.ensure_topics([TopicSpec(name=name, partitions=1) for name in (topic, missing)])
        )

        assert {name: failure.failure for name, failure in failures.items()} == {missing: Failure.REFUSED}
        assert bus.publish_batch([OutgoingMessage(topic=topic, key=b"k", body=b"{}")]) == [None]
        bus.close()
    finally:
        filters = [of(AclBindingFilter, *place) for place in forbidden]
        for deleted in admin.delete_acls(filters).values():
            assert deleted.result(10)


def test_a_certificate_opens_the_way(kafka: SecuredKafka) -> None:
    goes_round(KafkaBus(kafka.tls_address, security=by_certificate(kafka)))


def test_a_wrong_password_is_named_and_shown_to_nobody(
    kafka: SecuredKafka, settings: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = structs.replace(by_password(kafka), password="Wrong-and-secret-1")
    bus = KafkaBus(kafka.sasl_address, security=wrong, deadline=1.5)

    (result,) = bus.publish_batch([OutgoingMessage(topic="any", key=b"k", body=b"")])
    subscription = bus.subscribe(unique("group"), ["any"])
    eventually(lambda: subscription.poll(limit=1, timeout=0.2) or "does not let us in" in caplog.text)
    subscription.close()

    assert result
    assert result.failure is Failure.OUTAGE
    assert "SASL authentication error" in result.reason
    assert "Wrong-and-secret-1" not in caplog.text + result.reason + "".join(capfd.readouterr()) + repr(wrong)


def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(kafka: SecuredKafka, tmp_path: Path) -> None:
    others = certificates(tmp_path, name="others")
    strict = structs.replace(by_password(kafka), ca_location=str(others.authority))

    (result,) = KafkaBus(kafka.sasl_address, security=strict, deadline=1.5).publish_batch(
        [OutgoingMessage(topic="any", key=b"k", body=b"")]
    )

    assert result
    assert "SSL" in result.reason
    assert "certificate verify failed" in result.reason


@pytest.fixture
def secured_settings(kafka: SecuredKafka, settings: Any) -> Any:
    security = by_password(kafka)
    settings.KAFKA_BROKERS = kafka.sasl_address
    settings.KAFKA_SECURITY_PROTOCOL = security.protocol
    settings.KAFKA_SASL_MECHANISM = security.mechanism
    settings.KAFKA_SASL_USERNAME = security.username
    settings.KAFKA_SASL_PASSWORD = security.password
    settings.KAFKA_SSL_CA_LOCATION = security.ca_location
    return settings


def test_commands_and_health_take_it_from_the_settings(secured_settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secured_settings.KAFKA_TOPIC_PREFIX = unique("secured")
    output = StringIO()

    call_command("topics", "create", stdout=output)
    check_broker()

    assert f"{secured_settings.KAFKA_TOPIC_PREFIX}.user.events" in output.getvalue()
    monkeypatch.setattr("outbox.bus.kafka.bus.TOPIC_DEADLINE", 1.0)
    secured_settings.KAFKA_SASL_PASSWORD = "wrong"
    with pytest.raises(CommandError, match="SASL authentication error"):
        call_command("topics", "create", stdout=output)
