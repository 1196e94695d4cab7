"""Database URL: whatever libpq reads is handed on as it is meant; what it cannot read is refused without a secret."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from nova.settings import environment as env
from nova.settings.database_url import database, databases

OURS = {"prepare_threshold": 0, "server_side_binding": True}


@pytest.fixture(autouse=True)
def _silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGDATABASE", "PGUSER", "PGSERVICE", "PGOPTIONS"):
        monkeypatch.delenv(name, raising=False)


def read(url: str) -> dict[str, Any]:
    """What the URL says, beside what is the same for all."""
    description: dict[str, Any] = database(url, pool_size=0)
    options = description.pop("OPTIONS")
    assert options.items() >= OURS.items()
    said = {name: value for name, value in options.items() if name not in OURS}
    parts = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
    return {part.lower(): description[part] for part in parts if description[part]} | said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://h/nova", {"host": "h", "name": "nova"}),
        ("postgres://ann:tea@h:5433/nova", {"user": "ann", "password": "tea", "host": "h", "port": "5433"}),
        ("postgresql://a:5432,b:5433/nova?target_session_attrs=read-write", {"host": "a,b", "port": "5432,5433"}),
        ("postgresql://a:5432,b:5433/nova?target_session_attrs=any", {"target_session_attrs": "any"}),
        ("postgresql://a,b:5433/nova?load_balance_hosts=random", {"host": "a,b", "port": ",5433"}),
        ("postgresql://h/nova?options=-c%20search_path%3Dx", {"options": "-c search_path=x"}),
        ("postgresql:///nova?host=/run/postgresql&port=5433", {"host": "/run/postgresql", "port": "5433"}),
        ("postgresql://%2Frun%2Fpostgresql/nova", {"host": "/run/postgresql"}),
        ("postgresql://ann@%2Frun%2Fpostgresql:5433/nova", {"host": "/run/postgresql", "port": "5433", "user": "ann"}),
        ("postgresql://@nova/nova?host=@abstract", {"host": "@abstract"}),
        ("postgresql://[::1]/nova", {"host": "::1"}),
        ("postgresql://ann:tea@[2001:db8::1]:5433,[::1]/nova", {"host": "2001:db8::1,::1", "port": "5433,"}),
        ("postgresql://a%40b:p%40%3A%2F%3F%23%5B%5D%25%20@h/n%2Fa", {"user": "a@b", "password": "p@:/?#[]% "}),
        ("postgresql://a%40b:p@h/n%2Fa", {"name": "n/a"}),
        ("postgresql://ann:te#a@h/nova", {"password": "te#a"}),
        ("postgresql://ann@h/nova?password=tea", {"password": "tea"}),
        ("postgresql://h/nova?sslmode=verify-full&sslrootcert=/ca.crt", {"sslmode": "verify-full"}),
        ("postgresql://h/nova?connect_timeout=3&application_name=a%20b", {"application_name": "a b"}),
        ("postgresql://h/nova?hostaddr=127.0.0.1&keepalives_idle=7", {"hostaddr": "127.0.0.1", "keepalives_idle": "7"}),
        ("postgresql://ann@h", {"name": "ann"}),
        ("postgresql:///?service=tea", {"service": "tea"}),
    ],
)
def test_what_libpq_reads_is_handed_on(url: str, said: dict[str, str]) -> None:
    assert read(url).items() >= said.items()


def test_what_the_service_file_says_is_not_hidden_by_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "name" not in read("postgresql://ann@/?service=tea")
    monkeypatch.setenv("PGSERVICE", "tea")
    monkeypatch.setenv("PGSERVICEFILE", "/dev/null")
    assert read("postgresql://ann@/")["service"] == "tea"


def test_a_name_that_is_left_out_is_the_one_that_every_client_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "bob")
    assert read("postgresql://h")["name"] == "bob"
    monkeypatch.setenv("PGDATABASE", "tea")
    assert read("postgresql://ann@h")["name"] == "tea"


def test_a_pool_is_an_option_beside_the_others() -> None:
    options: Any = database("postgresql://a,b/nova?sslmode=require", pool_size=4)["OPTIONS"]
    assert options["pool"] == {"min_size": 1, "max_size": 4, "timeout": 10}
    assert options["sslmode"] == "require"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://ann:s3cr3t@h/nova", "must begin with postgresql://"),
        ("", "must begin with postgresql://"),
        ("host=h password=s3cr3t", "must begin with postgresql://"),
        ("postgresql://ann:s3%cr3t@h/nova", "percent-encoded"),
        ("postgresql://ann:s3%00cr3t@h/nova", "%00"),
        ("postgresql://ann:x@s3cr3t@h/nova", "an @ where none can be"),
        ("postgresql://ann:x/s3cr3t@h/nova", "an @ where none can be"),
        ("postgresql://ann:1/s3cr3t@h/nova", "an @ where none can be"),
        ("postgresql://h:s3cr3t/nova", "no number from 1 to 65535"),
        ("postgresql://h:0/nova", "no number from 1 to 65535"),
        ("postgresql://a:1,b:65536/nova", "no number from 1 to 65535"),
        ("postgresql://ann:s3cr3t@h/nova?port=x", "no number from 1 to 65535"),
        ("postgresql://ann:s3cr3t@h/nova?ssl_mode=require", "no option ssl_mode"),
        ("postgresql://ann:x@h/nova?s3cr3t@h", "cannot be read"),
        ("postgresql://ann:x@h/nova?passwort=a@s3cr3t", "cannot be read"),
        ("postgresql://ann:s3cr3t@h/nova?sslmode", "separator"),
        ("postgresql://ann:s3cr3t@[::1/nova", "matching"),
        ("postgresql://ann:s3cr3t@[]/nova", "empty"),
        ("postgresql://ann:s3cr3t@[::1]x/nova", "unexpected character"),
    ],
)
def test_what_it_cannot_read_is_refused_without_the_password(url: str, problem: str) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        database(url, pool_size=0)

    assert "DATABASE_URL" in str(raised.value)
    assert problem in str(raised.value)
    assert "s3" not in str(raised.value)
    assert "cr3t" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_replicas_are_databases_beside_the_primary_whose_sessions_only_read() -> None:
    found = databases(
        "postgresql://a/nova", ["postgresql://b/nova", "postgresql://c/nova?options=-cx%3D1"], pool_size=4
    )

    assert list(found) == ["default", "replica_1", "replica_2"]
    assert found["default"] == database("postgresql://a/nova", pool_size=4)
    first, second = found["replica_1"], found["replica_2"]
    assert (first["HOST"], first["REPLICA_OF"], first["OPTIONS"]["pool"]["timeout"]) == ("b", "default", 1)
    assert first["OPTIONS"]["options"] == "-c default_transaction_read_only=on"
    assert second["OPTIONS"]["options"] == "-cx=1 -c default_transaction_read_only=on"


def test_a_list_of_urls_has_urls_of_several_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.urls("DATABASE_REPLICA_URLS") == []
    monkeypatch.setenv("DATABASE_REPLICA_URLS", "postgresql://a,b/nova, postgres://c/nova,")
    assert env.urls("DATABASE_REPLICA_URLS") == ["postgresql://a,b/nova", "postgres://c/nova"]


def test_the_url_of_a_replica_that_cannot_be_read_is_refused_by_its_variable() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_REPLICA_URLS") as raised:
        databases("postgresql://a/nova", ["postgresql://ann:x@s3cr3t@h/nova"], pool_size=0)
    assert "s3cr3t" not in str(raised.value)
