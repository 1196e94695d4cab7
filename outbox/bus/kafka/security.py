"""Kafka security: how a client proves who it is, and knows the broker, in the words of librdkafka."""

from confluent_kafka import KafkaError

from outbox.conf import KafkaSecurity

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PLAINTEXT = KafkaSecurity()


def is_unlawful(error: KafkaError) -> bool:
    """Whether the broker does not let us in, or is not the one that it should be."""
    return error.code() in {KafkaError._AUTHENTICATION, KafkaError._SSL}  # noqa: SLF001 - librdkafka's own errors


def client_config(brokers: str, security: KafkaSecurity) -> dict[str, str]:
    """What every client of librdkafka is told, be it a producer, a consumer or an administrator.

    It holds secrets: it is for librdkafka, and never for a log.
    """
    options = {
        "bootstrap.servers": brokers,
        "security.protocol": security.protocol,
        "sasl.mechanism": security.mechanism,
        "sasl.username": security.username,
        "sasl.password": security.password,
        "ssl.ca.location": security.ca_location,
        "ssl.certificate.location": security.certificate_location,
        "ssl.key.location": security.key_location,
        "ssl.key.password": security.key_password,
    }
    return {name: value for name, value in options.items() if value}
