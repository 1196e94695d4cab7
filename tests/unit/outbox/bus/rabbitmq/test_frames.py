"""Tolerant AMQP frames: a fault in a callback is not taken for one of a message's properties."""

from struct import pack
from types import SimpleNamespace

import pytest

from outbox.bus.rabbitmq.frames import tolerant_frame_handler

DELIVER = pack(">HH", 60, 60)
EMPTY = pack(">HHQH", 60, 0, 0, 0)


def test_a_fault_in_whoever_is_given_a_message_is_not_taken_for_one_of_the_message() -> None:
    given: list[object] = []

    def break_down(*arguments: object) -> None:
        given.append(arguments)
        raise ZeroDivisionError

    read = tolerant_frame_handler(SimpleNamespace(bytes_recv=0), break_down)
    read((1, 1, DELIVER))

    with pytest.raises(ZeroDivisionError):
        read((2, 1, EMPTY))

    assert len(given) == 1
