"""A project with a user model of its own, and no settings of REST framework.

Nova starts, is migrated, its console and tokens know people by that model, and nothing of its API is open.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TRY = """
import django
django.setup()

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

call_command("check")
setup_test_environment()
created = setup_databases(verbosity=0, interactive=False)
try:
    get_user_model().objects.create_superuser("ann@example.org", "of the night")
    client = Client()
    entered = client.post("/admin/login/", {"username": "ann@example.org", "password": "of the night"})
    print("entered", entered.status_code, entered["Location"])
    print("overview", client.get("/admin/").status_code, client.get("/admin/auth/group/").status_code)
    made = client.post("/admin/nova/apitoken/add/", {"name": "probe", "scopes": ["events:append"]})
    print("token", made.status_code)

    from nova.models import ApiToken

    print("created by", ApiToken.objects.get().created_by_id)
    body = [{"event_type": "user.followed", "payload": {"follower_id": "a", "followed_id": "b"}}]
    for who in (Client(), client):
        refused = who.post("/api/v1/streams/user/7/events", body, content_type="application/json")
        print("refused", refused.status_code, refused["Content-Type"])

    from nova.rest.tokens import create_token

    token, _ = create_token("reader", scopes=["events:read"])
    odd = client.get("/api/v1/events?format=xml", headers={"Authorization": f"Bearer {token}"})
    print("parameter", odd.status_code, odd.json()["type"])
finally:
    teardown_databases(created, verbosity=0)
"""


def test_nova_runs_in_it(database_url: str, redis_server_url: str) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.support.own_users.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_server_url,
    }
    done = subprocess.run(
        [sys.executable, "-c", TRY], check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-7:] == [
        *("entered 302 /admin/", "overview 200 200", "token 200", "created by ann@example.org"),
        *["refused 401 application/problem+json"] * 2,
        "parameter 400 urn:nova:problem:invalid-parameter",
    ], done.stderr
