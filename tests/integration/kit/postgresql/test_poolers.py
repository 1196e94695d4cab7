"""A pooler that lends sessions to several clients is refused by name; one that keeps them is as good as none."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections

from kit.postgresql.connections import own_connection
from nova.health.checks import NotReady, check_database
from nova.settings import environment as env
from tests.support.outbox import eventually, url_of_test_database
from tests.support.poolers import obstacle, pgbouncer

ROOT = Path(__file__).parents[4]


@pytest.fixture
def through(committed_db: None) -> Any:
    """Let Nova reach its database through a pooler in some mode."""
    if reason := obstacle():
        pytest.skip(f"Poolers were not tested: {reason}")

    @contextmanager
    def reached(mode: str) -> Iterator[str]:
        default = connections["default"]
        before = dict(default.settings_dict)
        with pgbouncer(url_of_test_database(), mode=mode) as url:
            default.close()
            default.settings_dict.update(env.database(url, pool_size=0))
            try:
                yield url
            finally:
                default.close()
                default.settings_dict.update(before)

    return reached


def test_one_that_lends_sessions_is_refused(through: Any) -> None:
    with through("transaction") as url:
        with pytest.raises(OperationalError, match="Use the server's own address, or a pooler in session mode"):
            connections["default"].ensure_connection()
        with pytest.raises(OperationalError, match="session mode"), own_connection():
            pass
        with pytest.raises(NotReady, match="in session mode"):
            check_database()

        # As an operator meets it.
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate"],
            check=False,
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "nova.settings.test"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "a pooler in front of the database" in done.stderr.splitlines()[-1]


def test_one_that_keeps_sessions_is_as_good_as_none(through: Any) -> None:
    with through("session"):
        check_database()
        with own_connection() as first, own_connection() as second:
            assert [locked(session) for session in (first, second, first)] == [True, False, True]
        # The pooler gives a session's locks back after it has ended.
        eventually(lambda: locked(connections["default"]))


def locked(session: Any) -> bool:
    """Whether the session has a lock that only one can have."""
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(4711)")
        return bool(cursor.fetchone()[0])
