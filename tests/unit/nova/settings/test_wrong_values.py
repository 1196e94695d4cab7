"""A value that cannot work is refused by the name of its variable, and never shown: it may be a secret."""

import runpy
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from msgspec.inspect import BoolType, DictType, FloatType, IntType, LiteralType, StrType, type_info

from kit.settings import Declared, declared
from nova.settings import base

SECRET = "s3cr3t"
# Each sign that has to be encoded, in a password; what is no URL at all; ports that are none.
LOGINS = [f"ann:{sign}{SECRET}@h" for sign in "@/?#%[] ;\t"] + [f"ann:1{sign}{SECRET}@h" for sign in "/?#"]
REST = ["h", f"://:{SECRET}@h", f"{SECRET}", f"mailto://{SECRET}"]
PORTS = [f"h:{port}" for port in (SECRET, "0", "-1", "65536")]
BROKERS = ["h", "h:0", "h:-1", "h:65536", f"h:{SECRET}", f"kafka://ann:{SECRET}@h:9092", "a:1, b:2", "a:1,", "a:1;b:2"]
WRONG: dict[str, list[str]] = {
    "REDIS_URL": [f"redis://{rest}" for rest in (*LOGINS, *PORTS)] + [f"redis://h/{SECRET}", "redis://", *REST],
    "RABBITMQ_URL": [f"amqp://{rest}" for rest in (*LOGINS, *PORTS)] + ["", "amqp://", *REST],
    "KAFKA_BROKERS": BROKERS,
    "KAFKA_SECURITY_PROTOCOL": [SECRET, "ssl"],
    "KAFKA_SASL_MECHANISM": [SECRET, "plain"],
    "NOVA_API_RATE": [SECRET, "-1/s"],
    "NOVA_API_FAILURE_RATE": [SECRET, "0/s"],
    "KAFKA_IDENTITY_EVENTS_TOPIC": [f"{SECRET}/"],
    "NOVA_DEAD_LETTER_TOPIC": [f"{SECRET}/"],
    "LOG_LEVEL": [SECRET, "verbose"],
    "LOG_FORMAT": [SECRET, "xml"],
    "EMAIL_PORT": [SECRET, "0", "-1", "65536"],
    "EMAIL_TIMEOUT": [SECRET, "0"],
    "EMAIL_USE_TLS": [SECRET],
}
NEEDED = {
    "RABBITMQ_URL": {"NOVA_BUS": "rabbitmq"},
    "KAFKA_SASL_MECHANISM": {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_USERNAME": "ann",
        "KAFKA_SASL_PASSWORD": "tea",
    },
}
# Any text will do, or only the server can tell.
FREE = {
    *("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_GROUP_ID", "NOVA_METRICS_HOST"),
    *("KAFKA_SSL_CA_LOCATION", "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_KEY_PASSWORD"),
    *("RABBITMQ_SSL_CA_LOCATION", "NOVA_PAYMENT_PROVIDER"),
    *("NOVA_JWT_ISSUER", "NOVA_JWT_AUDIENCE", "NOVA_JWT_SCOPE_CLAIM"),
}
KNOWN = {known.setting.name: known for conf in base.confs for known in declared(conf) if known.setting.in_environment}


def wrong_values(known: Declared) -> list[str]:
    """What cannot be meant by a setting of its kind."""
    match type_info(known.type):
        case IntType(ge=least, le=most) | FloatType(ge=least, le=most):
            beyond = [*([] if least is None else [least - 1]), *([] if most is None else [most + 1])]
            return [SECRET, "1:2", *map(str, beyond)]
        case BoolType() | LiteralType():
            return [SECRET]
        case DictType():
            return [SECRET, f"a={SECRET}", f'["{SECRET}"]']
        case StrType(pattern=pattern) if pattern:
            return [f"/{SECRET}/"]
        case _:
            return []


def cases() -> Iterator[Any]:
    every = {name: wrong_values(known) for name, known in KNOWN.items()} | WRONG
    for name, values in every.items():
        for number, value in enumerate(values):
            # Values may hold signs that no test's name can.
            yield pytest.param(name, value, id=f"{name}-{number}")


@pytest.mark.parametrize(("name", "value"), list(cases()))
def test_a_wrong_value_is_refused_by_name_and_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    for variable, text in (NEEDED.get(name, {}) | {"KAFKA_BROKERS": "h:1"} | {name: value}).items():
        monkeypatch.setenv(variable, text)

    said = complaints(settings)

    assert said, f"{name} is taken"
    assert all(name in one for one in said), said
    assert SECRET not in " ".join(said)


def complaints(settings: Any) -> list[str]:
    """What a program with this environment is told: by its settings, or by its checks."""
    try:
        read = runpy.run_path(base.__file__)
    except ImproperlyConfigured as error:
        # With what it was raised from.
        return ["".join(traceback.format_exception(error))]
    for name in (*KNOWN, "KAFKA_IDENTITY_EVENTS_TOPIC"):
        if read[name] != getattr(settings, name):
            setattr(settings, name, read[name])
    # Django's own look at every model and address.
    ours = [check for check in registry.get_checks() if not check.__module__.startswith("django.")]
    found = [one for check in ours for one in check(app_configs=None, databases=None)]
    return [f"{one.msg} {one.hint}" for one in found if one.is_serious()]


def test_each_setting_of_text_is_known_to_this_test() -> None:
    texts = {name for name, known in KNOWN.items() if isinstance(type_info(known.type), StrType)}
    assert {name for name in texts if not wrong_values(KNOWN[name])} - WRONG.keys() == FREE


@pytest.mark.parametrize("value", [SECRET, "-1"])
@pytest.mark.parametrize(
    ("module", "name"),
    [("local", "DATABASE_POOL_SIZE"), ("production", "DATABASE_POOL_SIZE"), ("production", "SECURE_HSTS_SECONDS")],
)
def test_numbers_of_a_settings_module_of_its_own(
    module: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"SECRET_KEY": "tea", "ALLOWED_HOSTS": "h", "DATABASE_URL": "postgresql://h/n", "REDIS_URL": "redis://h"}
    for variable, text in (given | {"KAFKA_BROKERS": "h:1", name: value}).items():
        monkeypatch.setenv(variable, text)
    with pytest.raises(ImproperlyConfigured, match=name) as raised:
        runpy.run_path(str(Path(base.__file__).with_name(f"{module}.py")))
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(("given", "level"), [("", "INFO"), ("debug", "DEBUG"), ("WARN", "WARN"), (" Error ", "ERROR")])
def test_a_level_is_known_however_it_is_written(given: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", given)
    assert runpy.run_path(base.__file__)["LOGGING"]["level"] == level
