"""How does a client of Kafka prove who it is, and know the broker? By settings that every client is given."""

from confluent_kafka import KafkaError
from msgspec import Struct

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class KafkaSecurity(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Security settings of a Kafka client; what is empty stays librdkafka's default. Its text shows no secret."""

    protocol: str = "PLAINTEXT"
    """`KAFKA_SECURITY_PROTOCOL`"""
    mechanism: str = ""
    """`KAFKA_SASL_MECHANISM`"""
    username: str = ""
    """`KAFKA_SASL_USERNAME`"""
    password: str = ""
    """`KAFKA_SASL_PASSWORD`"""
    ca_location: str = ""
    """`KAFKA_SSL_CA_LOCATION`: PEM file of the authorities that may vouch for brokers."""
    certificate_location: str = ""
    """`KAFKA_SSL_CERTIFICATE_LOCATION`: PEM file of the client's own certificate."""
    key_location: str = ""
    """`KAFKA_SSL_KEY_LOCATION`: PEM file of its key."""
    key_password: str = ""
    """`KAFKA_SSL_KEY_PASSWORD`"""

    @property
    def is_encrypted(self) -> bool:
        """Whether others on the network see what is sent as ciphertext only."""
        return self.protocol in {"SSL", "SASL_SSL"}

    def __repr__(self) -> str:
        return f"KafkaSecurity({self.protocol}{f', {self.mechanism}' if self.mechanism else ''})"


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
