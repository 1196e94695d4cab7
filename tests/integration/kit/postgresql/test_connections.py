"""Keepalive: a thread's own connection notices that its server is gone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from kit.postgresql.connections import CLIENT_KEEPALIVE, use_own_connection

pytestmark = pytest.mark.usefixtures("committed_db")


def test_a_thread_with_a_connection_of_its_own_does_not_wait_for_ever_for_a_server_that_is_gone() -> None:
    def parameters() -> dict[str, str]:
        use_own_connection()
        try:
            connection.ensure_connection()
            return dict(connection.connection.info.get_parameters())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(parameters).result()

    assert found | {name: str(value) for name, value in CLIENT_KEEPALIVE.items()} == found
