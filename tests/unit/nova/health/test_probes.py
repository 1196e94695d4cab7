"""Liveness probes: production answers them by address and without TLS, and sends everybody else to https."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
ASK = """
import asyncio, json, sys
from asgiref.testing import ApplicationCommunicator
from nova.asgi import application

async def ask(path, host):
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", host.encode())], "query_string": b""}
    asked = ApplicationCommunicator(application, scope)
    await asked.send_input({"type": "http.request"})
    return (await asked.receive_output(timeout=30))["status"]

async def main():
    return [await ask(*question) for question in json.loads(sys.argv[1])]

print(json.dumps(asyncio.run(main())))
"""


def answers(*questions: tuple[str, str]) -> list[int]:
    """The status of each answer, from production's settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": "s" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": "nova.example",
        "DATABASE_URL": "postgresql://nova@127.0.0.1:1/nova",
        "DATABASE_POOL_SIZE": "0",  # a pool would wait for the database
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "NOVA_BUS": "rabbitmq",
        "RABBITMQ_URL": "amqps://127.0.0.1:1//",
    }
    command = [sys.executable, "-c", ASK, json.dumps(questions)]
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True)
    statuses: list[int] = json.loads(done.stdout.splitlines()[-1])
    return statuses


def test_probes_and_scrapers_are_answered_and_people_are_sent_to_https() -> None:
    asked = [
        ("/health/live", "127.0.0.1:8000"),
        ("/metrics", "web:8000"),
        ("/health/ready", "10.0.0.7"),
        ("/admin/", "nova.example"),
        ("/api/v1/events", "nova.example"),
        ("/health/live/", "nova.example"),
    ]
    assert answers(*asked) == [200, 200, 503, 301, 301, 301]
