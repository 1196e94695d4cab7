"""Bus factory: the broker that the settings choose. Here alone is known which adapters there are."""

from functools import cache

from outbox.bus.base import Bus
from outbox.bus.kafka.bus import KafkaBus
from outbox.bus.memory.bus import MemoryBus
from outbox.bus.rabbitmq.bus import RabbitBus
from outbox.bus.rabbitmq.wire import RabbitAddress
from outbox.conf import OutboxConf, outbox_conf


def configured_bus() -> Bus:
    """A bus for a question at hand. It costs nothing until it is used, and need not be closed unless it publishes."""
    return bus_of(outbox_conf())


def bus_of(conf: OutboxConf) -> Bus:
    """The bus that `NOVA_BUS` names."""
    match conf.bus:
        case "rabbitmq":
            return RabbitBus(
                RabbitAddress(
                    url=conf.rabbitmq_url, ca_location=conf.rabbitmq_ca_location, partitions=conf.rabbitmq_partitions
                )
            )
        case "memory":
            return memory_bus()
        case _:
            return KafkaBus(conf.brokers, security=conf.kafka_security)


@cache
def memory_bus() -> MemoryBus:
    """The one in this process: what its relay publishes, its consumers receive."""
    return MemoryBus()
