"""A server URL is taken only if every client reads the same in it."""

import re

import pytest
from kombu import Connection
from redis.connection import parse_url

from kit.server_urls import KAFKA_BROKERS, RABBITMQ_URL, REDIS_URL

PASSWORDS = {
    "": None,
    "tea": "tea",
    "a:b": "a:b",
    "p%40%2F%23%25%20x": "p@/#% x",
    "päß": "päß",
    "a&b=c+d!$": "a&b=c+d!$",
}


@pytest.mark.parametrize(("written", "meant"), PASSWORDS.items())
def test_what_is_taken_is_read_alike_by_all_clients(written: str, meant: str | None) -> None:
    login = f"ann:{written}@" if written else ""
    redis, rabbitmq = f"redis://{login}h:6380/2", f"amqps://{login}h:5671/v"

    assert re.search(REDIS_URL, redis)
    assert re.search(RABBITMQ_URL, rabbitmq)
    assert parse_url(redis).get("password") == Connection(redis).password == Connection(rabbitmq).password == meant
    assert (parse_url(redis)["host"], parse_url(redis)["port"]) == ("h", 6380)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        *((REDIS_URL, url) for url in ("", "redis://h", "rediss://[::1]:1/0?ssl_cert_reqs=none", "unix:///run/r?db=1")),
        *(
            (RABBITMQ_URL, url)
            for url in ("amqp://ann:@h:5672//", "amqp://h/%2Fv?heartbeat=3", "amqp://a//;amqp://b//")
        ),
        *((KAFKA_BROKERS, text) for text in ("h:1", "a:1,b:65535", "SSL://a.example:1,[::1]:9092")),
    ],
)
def test_other_shapes_that_are_taken(shape: str, value: str) -> None:
    assert re.search(shape, value)
