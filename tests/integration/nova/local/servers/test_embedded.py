"""Embedded servers: each serves its real client, survives `kill -9`, and finds its data again."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import psycopg.errors
import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from redis.backoff import NoBackoff
from redis.retry import Retry

from nova.local.processes.ports import LOOPBACK, free_port
from nova.local.servers.embedded import Embedded, embedded_services, kafka_server, postgres_server, valkey_server
from nova.local.servers.kafka import KafkaServer
from nova.local.servers.postgres import PostgresServer

TIMEOUT = 30.0


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A directory of which nothing stays: as root, the cluster lies elsewhere, where pytest does not clear away."""
    yield tmp_path
    shutil.rmtree((tmp_path / "postgres").resolve(), ignore_errors=True)


def execute(url: str, statement: str) -> Any:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def produce(brokers: str, topic: str, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(TIMEOUT) == 0


def create_topic(brokers: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": brokers})
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(TIMEOUT)


def consume(brokers: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages = consumer.consume(count, timeout=TIMEOUT)
        assert all(message.error() is None for message in messages)
        return [message.value() or b"" for message in messages]
    finally:
        consumer.close()


def kill(server: Embedded) -> None:
    before = server.pid
    server.kill()
    server.await_ready()
    assert server.pid != before


def test_postgres_keeps_what_was_committed_when_it_is_killed(tmp_path: Path):
    with postgres_server(tmp_path, durable=True) as server:
        execute(server.address, "create table kept (value text)")
        execute(server.address, "insert into kept values ('committed')")
        with pytest.raises(psycopg.OperationalError), psycopg.connect(server.address) as open_transaction:
            open_transaction.execute("insert into kept values ('lost')")
            kill(server)

        assert execute(server.address, "select value from kept") == [("committed",)]

    with postgres_server(tmp_path, durable=True) as again:
        assert execute(again.address, "select value from kept") == [("committed",)]


def test_the_application_role_owns_its_database_and_nothing_else(tmp_path: Path):
    with postgres_server(tmp_path) as server:
        rights = (
            "select rolsuper, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = current_user"
        )
        assert execute(server.address, rights) == [(False, False, False, False)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            execute(server.address, "select pg_read_file('postgresql.conf')")
        execute(server.address, "create extension pg_trgm")

        assert isinstance(server.server, PostgresServer)
        assert execute(server.server.superuser_address, "select rolsuper from pg_roles where rolname = current_user")


def test_postgres_asks_for_a_password_and_listens_on_loopback_only(tmp_path: Path):
    with postgres_server(tmp_path) as server:
        port = urlsplit(server.address).port
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://nova:wrong@{LOOPBACK}:{port}/nova")

        assert execute(server.address, "show listen_addresses") == [(LOOPBACK,)]
        assert execute(server.address, "show server_encoding") == [("UTF8",)]


def test_postgres_starts_though_another_program_has_the_number_of_its_last_postmaster(tmp_path: Path):
    with postgres_server(tmp_path, durable=True):
        pass
    cluster = (tmp_path / "postgres" / "cluster").resolve()
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n")

    with postgres_server(tmp_path, durable=True) as server:
        assert execute(server.address, "select 1") == [(1,)]


def test_valkey_asks_for_a_password_that_no_command_line_shows(tmp_path: Path):
    with valkey_server(tmp_path) as server:
        password = urlsplit(server.address).password or ""
        command_line = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert password.encode() not in command_line
        port = urlsplit(server.address).port or 0
        with pytest.raises(redis.AuthenticationError), redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger:
            stranger.ping()


def test_valkey_is_back_after_a_kill_and_keeps_its_data_over_a_stop(tmp_path: Path):
    with valkey_server(tmp_path) as server, redis.Redis.from_url(server.address) as client:
        kill(server)
        client.set("greeting", "hello")

    with valkey_server(tmp_path) as again, redis.Redis.from_url(again.address) as client:
        assert client.get("greeting") == b"hello"


def test_a_kafka_that_moves_to_another_port_has_the_data_that_it_had(tmp_path: Path):
    def prepared() -> KafkaServer:
        ports = {"port": free_port(), "controller_port": free_port()}
        server = KafkaServer(directory=tmp_path / "kafka", log=tmp_path / "kafka.log", **ports)
        server.prepare()
        return server

    first = prepared()
    formatted = (tmp_path / "kafka" / "data" / "meta.properties").read_text()
    moved = prepared()

    assert (tmp_path / "kafka" / "data" / "meta.properties").read_text() == formatted
    configuration = (tmp_path / "kafka" / "server.properties").read_text()
    assert moved.address in configuration
    assert first.address not in configuration


@pytest.mark.slow
def test_kafka_keeps_its_messages_when_it_is_killed_and_when_it_moves_to_another_port(tmp_path: Path):
    with kafka_server(tmp_path, port=free_port()) as server:
        create_topic(server.address, "kept")
        produce(server.address, "kept", b"before")
        kill(server)
        produce(server.address, "kept", b"after")
        first_address = server.address

    with kafka_server(tmp_path, port=free_port()) as moved:
        assert moved.address != first_address
        assert consume(moved.address, "kept", 2) == [b"before", b"after"]


@pytest.mark.slow
def test_two_sets_of_servers_run_side_by_side_and_know_nothing_of_each_other(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with embedded_services(tmp_path / "a") as a, embedded_services(tmp_path / "b") as b:
        for services in (a, b):
            execute(services.database_url, "create table only_once ()")
            assert services.kafka_brokers
            create_topic(services.kafka_brokers, "only-once")
        with redis.Redis.from_url(a.redis_url) as client, redis.Redis.from_url(b.redis_url) as other:
            client.set("only", "here")
            assert other.get("only") is None
