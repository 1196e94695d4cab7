"""Mock broker: librdkafka's own, which fails on demand.

librdkafka brings a mock cluster inside the library of the confluent-kafka wheel: real sockets and protocol, messages in
memory only, and at most 5 MB or 100 000 of them per partition before the oldest silently vanish. Its API is declared in
librdkafka's `rdkafka_mock.h`.
"""

import ctypes
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import confluent_kafka
import confluent_kafka.cimpl

from nova.local.exceptions import LocalError

ALL_BROKERS = -1
PRODUCER = 0  # rd_kafka_type_t


class MockCluster:
    """A mock Kafka cluster, from `__enter__` to `__exit__`. Its brokers are numbered from 1."""

    def __init__(self, *, brokers: int = 1) -> None:
        self._brokers = brokers
        self._library = _library()
        self._client: int | None = None
        self._cluster: int | None = None

    def __enter__(self) -> Self:
        message = ctypes.create_string_buffer(512)
        configuration = self._library.rd_kafka_conf_new()
        # This client only carries the cluster and has nothing to say, such as that it has no brokers.
        self._library.rd_kafka_conf_set(configuration, b"log_level", b"0", message, len(message))
        self._client = self._library.rd_kafka_new(PRODUCER, configuration, message, len(message))
        if not self._client:
            raise LocalError(f"librdkafka did not start: {message.value.decode()}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, self._brokers)
        if not self._cluster:
            raise LocalError("librdkafka's mock cluster did not start.")
        # A cluster without a controller keeps admin clients waiting; one with it tells them at once what it can't do.
        self._check(self._library.rd_kafka_mock_set_controller_id(self._cluster, 1))
        # Consumers need not wait three seconds for others that may join.
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` of each broker, comma-separated."""
        address: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return address.decode()

    def create_topic(self, name: str, *, partitions: int = 1) -> None:
        """Create a topic. Clients can't: the mock has no admin requests, but creates what is produced to."""
        self._check(self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, self._brokers))

    def set_broker_down(self, broker: int = ALL_BROKERS) -> None:
        """Cut the broker's connections and refuse new ones. Partitions keep their leader."""
        self._check(self._library.rd_kafka_mock_broker_set_down(self._cluster, broker))

    def set_broker_up(self, broker: int = ALL_BROKERS) -> None:
        """Let the broker accept connections again."""
        self._check(self._library.rd_kafka_mock_broker_set_up(self._cluster, broker))

    def set_rtt(self, broker: int = ALL_BROKERS, *, milliseconds: int) -> None:
        """Delay each of the broker's answers."""
        self._check(self._library.rd_kafka_mock_broker_set_rtt(self._cluster, broker, milliseconds))

    def push_request_errors(self, api_key: int, errors: Sequence[int]) -> None:
        """Fail the next requests of a kind, one for each error (`KafkaError` codes), then answer normally again.

        `api_key` is the protocol's number: 0 is Produce, 1 Fetch, 3 Metadata. `KafkaError._TRANSPORT` disconnects.
        """
        array = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, api_key, len(errors), array)

    def clear_request_errors(self, api_key: int) -> None:
        """Forget the errors that were pushed for a kind of request."""
        self._library.rd_kafka_mock_clear_request_errors(self._cluster, api_key)

    def advertise(self, broker: int, *, host: str, port: int) -> None:
        """Tell clients to find the broker at another address, where something passes them on."""
        self._check(self._library.rd_kafka_mock_broker_set_host_port(self._cluster, broker, host.encode(), port))

    @staticmethod
    def _check(code: int) -> None:
        if code:
            raise LocalError(f"The mock cluster refused: {confluent_kafka.KafkaError(code).str()}")


def _library() -> ctypes.CDLL:
    """The librdkafka that the wheel's extension module is linked to, with the signatures of what is used here."""
    # The extension has loaded it already; asking through the extension finds its symbols under whatever name it has.
    library = ctypes.CDLL(confluent_kafka.cimpl.__file__)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: dict[str, tuple[type | None, list[type]]] = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_conf_set": (number, [pointer, text, text, text, ctypes.c_size_t]),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_broker_set_down": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_up": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_rtt": (number, [pointer, ctypes.c_int32, number]),
        "rd_kafka_mock_broker_set_host_port": (number, [pointer, ctypes.c_int32, text, number]),
        "rd_kafka_mock_set_controller_id": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_push_request_errors_array": (None, [pointer, ctypes.c_int16, ctypes.c_size_t, pointer]),
        "rd_kafka_mock_clear_request_errors": (None, [pointer, ctypes.c_int16]),
    }
    for name, (result, parameters) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters
    return library
