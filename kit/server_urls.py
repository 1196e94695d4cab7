"""Server URL: the shapes of addresses that settings give, so that a wrong one is refused before any client reads it.

Clients would say what is wrong by quoting it, and where a sign was not encoded, any part may be a part of the password.
So a URL is taken only if there is one way to read it.
"""

HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])"
"""A name or an address; of version 6 in brackets."""
PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
"""From 1 to 65535."""
ENCODE = "in user and password % and each of / ? # [ ] @ ; and the blank stand as % and two digits, such as @ as %40"

_PERCENT = "%[0-9A-Fa-f]{2}"
_USER = rf"(?:[^\s:/?#\[\]@%;]|{_PERCENT})*"
_PASSWORD = rf"(?:[^\s/?#\[\]@%;]|{_PERCENT})*"
_LOGIN = rf"(?:{_USER}(?::{_PASSWORD})?@)?"
_AUTHORITY = rf"{_LOGIN}{HOST}(?::{PORT})?"
_OPTIONS = r"(?:\?[^\s#@]*)?"
_RABBITMQ = rf"amqps?://{_AUTHORITY}(?://?(?:[^\s/?#\[\]@%;]|{_PERCENT})*)?{_OPTIONS}"

REDIS_URL = rf"\A(?:rediss?://{_AUTHORITY}(?:/[0-9]*)?{_OPTIONS}|unix://{_LOGIN}/[^\s#@]*)?\Z"
"""Of Redis by TCP, TLS or a socket; or nothing."""
RABBITMQ_URL = rf"\A{_RABBITMQ}(?:;{_RABBITMQ})*\Z"
"""Of RabbitMQ; several hosts are tried in turn."""
HTTP_URL = rf"\A(?:https?://{HOST}(?::{PORT})?(?:/[^\s?#]*)?)?\Z"
"""Of a web server, perhaps below a path; or nothing."""
KAFKA_BROKERS = rf"\A(?:(?:(?:SASL_)?(?:PLAINTEXT|SSL)://)?{HOST}:{PORT}(?:,(?!\Z)|\Z))+\Z"
"""Hosts of Kafka with their ports, comma-separated."""
