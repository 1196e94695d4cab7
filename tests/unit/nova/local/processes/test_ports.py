"""Port allocation: each server gets a port that is free, and the same one again."""

import socket

import pytest

from nova.local.exceptions import PortUnusableError
from nova.local.processes.ports import SERVER_PORTS, PortBook, free_port, is_free, require_free


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_free_port_is_not_one_that_outgoing_connections_use():
    port = free_port()

    assert port in SERVER_PORTS
    assert is_free(port)


def test_a_busy_port_is_refused_with_the_option_that_helps(taken):
    with pytest.raises(PortUnusableError, match=rf"Port {taken} is in use .* --port"):
        require_free(taken, option="--port")


def test_a_port_that_does_not_exist_is_refused_too():
    with pytest.raises(PortUnusableError, match="Port 99999 does not exist"):
        require_free(99_999, option="--port")


def test_a_server_keeps_its_port_from_one_start_to_the_next(tmp_path):
    first = PortBook(tmp_path / "ports.json").port("kafka")

    assert PortBook(tmp_path / "ports.json").port("kafka") == first


def test_a_server_gets_another_port_when_its_own_is_taken(tmp_path, taken):
    (tmp_path / "ports.json").write_text(f'{{"kafka": {taken}}}')

    assert PortBook(tmp_path / "ports.json").port("kafka") != taken
