"""Database URL: servers are found by each kind of URL, through sockets, over several hosts, with options."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import ConnectionHandler
from psycopg import sql

from kit.postgresql.connections import CLIENT_KEEPALIVE
from nova.health.checks import NotReady, check_database
from nova.local.servers import postgres
from nova.local.servers.embedded import postgres_server
from nova.local.servers.postgres import PostgresServer
from nova.settings.database_url import database

DEAD = "127.0.0.1:1"
ODD = "p@:/?#[]% x'"


class Server:
    """PostgreSQL on loopback and on a socket, and a role with an odd password."""

    def __init__(self, running: PostgresServer, sockets: str) -> None:
        self.password = running.password
        self.port = running.port
        self.tcp = f"127.0.0.1:{running.port}"
        self.sockets = sockets
        with psycopg.connect(running.superuser_address, autocommit=True) as connection:
            connection.execute(sql.SQL('CREATE ROLE "a@b" LOGIN PASSWORD {}').format(sql.Literal(ODD)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="nova") as sockets:
        # The server may run as another user, and the path of a socket must be short.
        Path(sockets).chmod(0o777)
        patch.setitem(postgres.SETTINGS, "unix_socket_directories", sockets)
        with postgres_server(tmp_path_factory.mktemp("postgres")) as running:
            assert isinstance(running.server, PostgresServer)
            yield Server(running.server, sockets)


@contextmanager
def connected(url: str, *, pool_size: int = 0) -> Iterator[DatabaseWrapper]:
    """As Nova would be."""
    connection = ConnectionHandler({"default": database(url, pool_size=pool_size)})["default"]
    assert isinstance(connection, DatabaseWrapper)
    try:
        yield connection
    finally:
        connection.close()
        if pool_size:
            connection.close_pool()


def ask(url: str, query: str = "SELECT current_user, inet_server_port()", *, pool_size: int = 0) -> Any:
    with connected(url, pool_size=pool_size) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()


@pytest.fixture(autouse=True)
def _allowed(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.mark.parametrize("query", ["?host={sockets}&port={port}", "?host={quoted}&port={port}&application_name=x", "@"])
def test_a_socket(server: Server, query: str) -> None:
    quoted = quote(server.sockets, safe="")
    if query == "@":
        url = f"postgresql://nova:{server.password}@{quoted}:{server.port}/nova"
    else:
        where = query.format(sockets=server.sockets, quoted=quoted, port=server.port)
        url = f"postgresql://nova:{server.password}@/nova{where}"
    assert ask(url) == ("nova", None)


@pytest.mark.parametrize("pool_size", [0, 2])
def test_several_hosts_of_which_the_first_is_dead(server: Server, pool_size: int) -> None:
    url = f"postgresql://nova:{server.password}@{DEAD},{server.tcp}/nova?target_session_attrs=read-write"
    assert ask(url, pool_size=pool_size) == ("nova", server.port)


def test_the_first_host_that_does_what_is_asked_for(server: Server) -> None:
    url = f"postgresql://nova:{server.password}@{DEAD},{server.tcp}/nova?target_session_attrs=read-only"
    with pytest.raises(Exception, match="not read-only") as raised:
        ask(url)
    assert server.password not in str(raised.value)


def test_options_of_the_url_stand_beside_novas_own(server: Server) -> None:
    options = quote("-c search_path=tea -c statement_timeout=7s", safe="")
    url = f"postgresql://nova:{server.password}@{server.tcp}/nova?options={options}&application_name=tea"
    settings = "SELECT current_setting('search_path'), current_setting('statement_timeout'), "
    with connected(url) as connection:
        # As sessions that hold locks are opened.
        connection.settings_dict["OPTIONS"] = CLIENT_KEEPALIVE | connection.settings_dict["OPTIONS"]
        with connection.cursor() as cursor:
            cursor.execute(settings + "current_setting('application_name')")
            assert cursor.fetchone() == ("tea", "7s", "tea")
        assert connection.connection.prepare_threshold == 0


def test_signs_that_are_encoded(server: Server) -> None:
    url = f"postgresql://a%40b:{quote(ODD, safe='')}@{server.tcp}/nova?connect_timeout=5&sslmode=prefer"
    assert ask(url) == ("a@b", server.port)


def test_an_entry_of_the_service_file(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "services"
    entry = f"host=127.0.0.1\nport={server.port}\nuser=nova\npassword={server.password}\ndbname=nova\n"
    file.write_text(f"[tea]\n{entry}")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    assert ask("postgresql://?service=tea") == ("nova", server.port)


class TestReadiness:
    @pytest.fixture
    def options(self, committed_db: None) -> Iterator[dict[str, Any]]:
        """What a URL has said, in the place where it is kept."""
        description = connections["default"].settings_dict
        before = description["OPTIONS"]
        description["OPTIONS"] = dict(before)
        yield description["OPTIONS"]
        description["OPTIONS"] = before

    def test_looks_where_the_url_says(self, options: dict[str, Any]) -> None:
        check_database()
        options["options"] = "-c search_path=elsewhere"
        with pytest.raises(NotReady, match="migrations are not applied"):
            check_database()

    def test_bears_every_option(self, options: dict[str, Any]) -> None:
        options |= {"connect_timeout": "9", "application_name": "tea", "options": "-c statement_timeout=1h"}
        assert check_database() is None  # type: ignore[func-returns-value]
