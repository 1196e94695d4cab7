"""Runners: the loops that a worker can host besides consumers, registered by name by the composition."""

from collections.abc import Callable

from outbox.bus.factory import bus_of
from outbox.conf import outbox_conf
from outbox.consumers.consumer import ConsumerRunner, nobody_to_tell
from outbox.consumers.settings import ConsumerSettings
from outbox.exceptions import UnknownRunner
from outbox.handling.handlers import ConsumerGroup
from outbox.hosting.hosted_loop import Loop
from outbox.relay.runner import RelayRunner, RelaySettings

_factories: dict[str, Callable[[], Loop]] = {}


def register_runner(name: str, factory: Callable[[], Loop]) -> None:
    """Let workers host a loop: `--runners NAME`. The factory is called in the loop's own thread."""
    _factories[name] = factory


def runner_named(name: str) -> Callable[[], Loop]:
    """The factory of that name. Raises `UnknownRunner`."""
    try:
        return _factories[name]
    except KeyError:
        raise UnknownRunner(name, tuple(_factories)) from None


def relay_runner() -> RelayRunner:
    """A relay as the settings want it."""
    conf = outbox_conf()
    return RelayRunner(bus_of(conf), RelaySettings.of(conf))


def consumer_runner(group: ConsumerGroup, *, give_up: Callable[[], None] = nobody_to_tell) -> ConsumerRunner:
    """A member of the group as the settings want it; `give_up` tells the worker that it is beyond help."""
    conf = outbox_conf()
    return ConsumerRunner(group, bus_of(conf), ConsumerSettings.of(conf, group), give_up=give_up)


register_runner("relay", relay_runner)
