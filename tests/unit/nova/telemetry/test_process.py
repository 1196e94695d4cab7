"""Each program is called by its own name in the log."""

import pytest

from nova.telemetry.process import process_name, program_of

CELERY = "/venv/bin/celery --app=nova.celery:app --quiet"


@pytest.mark.parametrize(
    ("command", "name", "program"),
    [
        ("manage.py relay", "relay", "relay"),
        ("/venv/nova/__main__.py relay", "relay", "relay"),
        ("/venv/nova/server/__main__.py --port 8000", "server", "server"),
        (f"{CELERY} worker --queues=consumers --hostname=consumers@%h --consumers=feed-service", "consumers", "worker"),
        (f"{CELERY} worker --concurrency=4 --hostname worker@%h --runners=projections", "worker", "worker"),
        ("/venv/celery/__main__.py -A nova.celery:app worker --consumers feed-service", "consumers", "worker"),
        (f"{CELERY} worker -n eu-1", "eu-1", "worker"),
        (f"{CELERY} worker", "worker", "worker"),
        (f"{CELERY} beat --pidfile=", "beat", "beat"),
        (f"{CELERY} inspect ping", "celery", ""),
        ("manage.py migrate", "migrate", ""),
        ("manage.py", "nova", ""),
        ("-c", "-c", ""),
    ],
)
def test_the_name_is_that_of_what_was_started(
    command: str, name: str, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOVA_PROCESS", raising=False)
    assert (process_name(command.split()), program_of(command.split())) == (name, program)


def test_a_supervisor_gives_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVA_PROCESS", "relay-2")
    assert process_name(["manage.py", "relay"]) == "relay-2"
