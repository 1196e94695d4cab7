"""A project with a user model of its own: Nova starts, is migrated, and its console and tokens know people by it."""

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
    assert done.stdout.splitlines()[-4:] == [
        *("entered 302 /admin/", "overview 200 200", "token 200", "created by ann@example.org")
    ], done.stderr
