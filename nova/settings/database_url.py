"""Database URL: a connection URI of PostgreSQL, read by libpq itself, as Django's description of the database.

All that PostgreSQL's manual says of such URIs holds here too: several hosts, sockets, every option. What is wrong with
one is said without quoting it: where a sign was not encoded, any part of it may be a part of the password.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from kit.replicas.conf import PRIMARY, REPLICA_OF

SCHEMES = ("postgresql://", "postgres://")
ENCODE = "In user, password and name, % and each of : / ? # [ ] @ stand as % and two digits: @ as %40."


REPLICA_POOL_TIMEOUT = 1
"""Seconds that a query waits for a connection to a replica, before the primary answers it."""


def databases(url: str, replica_urls: Iterable[str], *, pool_size: int) -> dict[str, dict[str, Any]]:
    """Django's `DATABASES`: the primary, and its read replicas as `replica_1`, `replica_2`, …; see `database`."""
    replicas = (database(one, pool_size=pool_size, variable="DATABASE_REPLICA_URLS") for one in replica_urls)
    return {PRIMARY: database(url, pool_size=pool_size)} | {
        f"replica_{number}": _as_replica(one) for number, one in enumerate(replicas, 1)
    }


def _as_replica(description: dict[str, Any]) -> dict[str, Any]:
    """The database as a replica, whose sessions write nothing, also when it is promoted."""
    options = dict(description["OPTIONS"])
    options["options"] = f"{options.get('options', '')} -c default_transaction_read_only=on".strip()
    if "pool" in options:
        options["pool"] = {**options["pool"], "timeout": REPLICA_POOL_TIMEOUT}
    # A project's tests read from a replica what they have written to the primary.
    return {**description, "OPTIONS": options, REPLICA_OF: PRIMARY, "TEST": {"MIRROR": PRIMARY}}


def database(url: str, *, pool_size: int, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's description of a PostgreSQL database at a URI such as `postgresql://user:password@host:port/name`.

    What the URI leaves out is as for every client of PostgreSQL: from `PGDATABASE`, `PGOPTIONS`, …, or libpq's default.
    Raises `ImproperlyConfigured` for what is no such URI, with a text that names the variable and quotes nothing of it.

    Prepared statements and server-side binding are on: they make an append a fifth faster. The pool gives each thread
    of the web server a connection without reconnecting for every request; a connection that a restart of the server
    has broken is noticed before it is used.
    """
    given = _parsed(url, variable)
    name, user = given.pop("dbname", ""), given.pop("user", "")
    description = {
        "ENGINE": "kit.postgresql",
        "NAME": name or ("" if _service(given) else _default("dbname") or user or _default("user")),
        "USER": user,
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        "CONN_MAX_AGE": 0 if pool_size else 600,
        "CONN_HEALTH_CHECKS": True,
    }
    options: dict[str, object] = {**given, "prepare_threshold": 0, "server_side_binding": True}
    if service := _service(given):
        options["service"] = service
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    return {**description, "OPTIONS": options}


def _parsed(url: str, variable: str) -> dict[str, str]:
    """What the URI says, by the names of libpq's parameters."""
    if not url.startswith(SCHEMES):
        raise ImproperlyConfigured(f"{variable} must begin with postgresql:// (Nova needs PostgreSQL 15 or later).")
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{variable} cannot be read: {_reason(str(error), url)}. {ENCODE}") from None
    beyond_hosts = url.partition("://")[2].partition("/")[2].partition("?")[0]
    if "@" in beyond_hosts or any("@" in host[1:] for host in given.get("host", "").split(",")):
        raise ImproperlyConfigured(f"{variable} has an @ where none can be. {ENCODE}")
    if not all(_is_port(port) for port in given.get("port", "").split(",")):
        raise ImproperlyConfigured(f"{variable} has a port that is no number from 1 to 65535. {ENCODE}")
    return given


def _reason(said: str, url: str) -> str:
    """What libpq said, without what it quotes; an option that it does not know is named if it surely is one."""
    query = url.partition("?")[2]
    names = {option.keyword.decode() for option in Conninfo.get_defaults()}
    unknown = [name for name, _ in parse_qsl(query, keep_blank_values=True) if name not in names]
    if unknown and "@" not in query and all(re.fullmatch("[A-Za-z_]+", name) for name in unknown):
        return f"PostgreSQL knows no option {' or '.join(unknown)}"
    reason, quoted, _ = said.partition(': "')
    return reason if quoted else "it is no URI of PostgreSQL"


def _is_port(port: str) -> bool:
    return not port or (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65_535)


def _service(given: Mapping[str, str]) -> str:
    """The entry of the service file, which says what the URI leaves out; no default may take its place."""
    return given.get("service") or _default("service")


def _default(name: str) -> str:
    """What libpq takes where the URI is silent, from the environment or the system."""
    return next(
        (option.val.decode() for option in Conninfo.get_defaults() if option.keyword.decode() == name and option.val),
        "",
    )
