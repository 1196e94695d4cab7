"""Environment variables: settings come from them as documented."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from nova.checks import callers_can_be_counted, settings_are_sound
from nova.settings import base
from nova.settings import environment as env

ROOT = Path(__file__).parents[4]
APPS = ("kit", "events", "outbox", "projections", "nova")


def from_environment() -> dict[str, Any]:
    """The settings as a process with this environment would read them."""
    return runpy.run_path(base.__file__)


def test_a_document_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.document("NOVA_RELAY_POLICIES") == {}
    monkeypatch.setenv("NOVA_RELAY_POLICIES", '{"nova.a.events": {"max_retries": 1}}')
    assert from_environment()["NOVA_RELAY_POLICIES"] == {"nova.a.events": {"max_retries": 1}}
    monkeypatch.setenv("NOVA_RELAY_POLICIES", "{")
    with pytest.raises(ImproperlyConfigured, match="NOVA_RELAY_POLICIES"):
        from_environment()


def test_each_setting_that_is_read_can_be_set_from_the_environment() -> None:
    confs = [conf for app in APPS for conf in (ROOT / app).rglob("conf.py")]
    read = {name for conf in confs for name in re.findall(r'Setting\(\s*"([A-Z_]+)"', conf.read_text())}
    assert len(read) > 50
    # Production's alone.
    assert read - from_environment().keys() == {"NOVA_REFUSE_PLAINTEXT_BROKER"}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("NOVA_API_RATE", "often", "nova.E001"),
        ("NOVA_API_RATE", "0/s", "nova.E001"),
        ("NOVA_API_RATE", "5/y", "nova.E001"),
        ("NOVA_API_TOKEN_CACHE_SECONDS", -1.0, "nova.E002"),
    ],
)
def test_what_callers_could_not_be_counted_by_is_refused(settings: Any, name: str, value: object, problem: str) -> None:
    def problems() -> list[str | None]:
        return [found.id for found in (*settings_are_sound(), *callers_can_be_counted())]

    assert problems() == []
    setattr(settings, name, value)
    assert problems() == [problem]


def test_the_retention_of_the_outbox_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_environment()["OUTBOX_RETENTION"] == 7
    monkeypatch.setenv("OUTBOX_RETENTION", "3")
    assert from_environment()["OUTBOX_RETENTION"] == 3
