"""Do settings come from the environment as they are documented?"""

import runpy
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from nova.settings import base
from nova.settings import environment as env


def settings() -> dict[str, Any]:
    """The settings as a process with this environment would read them."""
    return runpy.run_path(base.__file__)


def test_a_document_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.document("NOVA_RELAY_POLICIES") == {}
    monkeypatch.setenv("NOVA_RELAY_POLICIES", '{"nova.a.events": {"max_retries": 1}}')
    assert settings()["NOVA_RELAY_POLICIES"] == {"nova.a.events": {"max_retries": 1}}
    monkeypatch.setenv("NOVA_RELAY_POLICIES", "{")
    with pytest.raises(ImproperlyConfigured, match="NOVA_RELAY_POLICIES"):
        settings()


def test_the_retention_of_the_outbox_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings()["OUTBOX_RETENTION"] == 7
    monkeypatch.setenv("OUTBOX_RETENTION", "3")
    assert settings()["OUTBOX_RETENTION"] == 3
