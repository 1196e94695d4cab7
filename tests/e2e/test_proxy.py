"""Proxy: a real nginx with the configuration of the production set, in front of the web server of production."""

import http.client
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nova.local.processes.ports import LOOPBACK, free_port
from nova.rest.tokens import create_token
from tests.support.kafka_security import certificates
from tests.support.outbox import eventually, url_of_test_database

ROOT = Path(__file__).parents[2]
# Debian has it where only root looks.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
HOST = "nova.example"
MEGABYTE = 1024 * 1024
FRAME = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        NGINX is None, reason="the proxy was not tested: nginx is not installed (apt-get install nginx-light)"
    ),
]


class Proxy:
    """What a client of the proxy is answered."""

    def __init__(self, plain: int, encrypted: int) -> None:
        self.plain, self.encrypted = plain, encrypted

    def ask(
        self, target: str, *, method: str = "GET", body: bytes | None = None, plain: bool = False, **headers: Any
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer to a request on a connection of its own, and its body."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = (
            http.client.HTTPConnection(LOOPBACK, self.plain, timeout=30)
            if plain
            else http.client.HTTPSConnection(LOOPBACK, self.encrypted, timeout=30, context=context)
        )
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, {"Host": HOST} | named)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()


@pytest.fixture
def web(committed_db: None, redis_url: str, tmp_path: Path) -> Iterator[int]:
    """The port of a web server as production runs it."""
    port = free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": url_of_test_database(),
        "REDIS_URL": redis_url,
        "KAFKA_BROKERS": f"{LOOPBACK}:9",
        "NOVA_ALLOW_PLAINTEXT_BROKER": "1",
        "STATIC_ROOT": str(tmp_path),
        "FORWARDED_ALLOW_IPS": LOOPBACK,
        "NOVA_API_FAILURE_RATE": "5/d",
    }
    command = [sys.executable, "-m", "nova.server", "--host", LOOPBACK, "--port", str(port)]
    log = tmp_path / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        eventually(lambda: f":{port}" in log.read_text())
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def proxy(web: int, tmp_path: Path) -> Iterator[Proxy]:
    """The proxy of deploy/nginx.conf, on other ports and with a certificate of its own."""
    plain, encrypted = free_port(), free_port()
    both = certificates(tmp_path).broker
    site = (ROOT / "deploy/nginx.conf").read_text()
    for before, after in (
        ("listen 80;", f"listen {LOOPBACK}:{plain};"),
        ("listen 443 ssl;", f"listen {LOOPBACK}:{encrypted} ssl;"),
        ("server 127.0.0.1:8000;", f"server {LOOPBACK}:{web};"),
        ("/etc/nginx/nova.pem", str(both)),
        ("/etc/nginx/nova.key", str(both)),
    ):
        assert before in site
        site = site.replace(before, after)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(FRAME.format(folder=tmp_path, site=site))
    process = subprocess.Popen([str(NGINX), "-c", str(configuration), "-p", str(tmp_path)], stderr=subprocess.PIPE)
    try:
        answers = Proxy(plain, encrypted)
        eventually(lambda: listens(answers))
        yield answers
    finally:
        process.terminate()
        process.communicate()


def listens(proxy: Proxy) -> bool:
    try:
        return proxy.ask("/health/live")[0].status == 200
    except OSError:
        return False


def test_people_and_programs_are_served_over_tls_alone(proxy: Proxy) -> None:
    login, page = proxy.ask("/admin/login/")
    assert (login.status, b"csrfmiddlewaretoken" in page) == (200, True)
    assert "Secure" in str(login.headers["Set-Cookie"])
    assert login.headers["Strict-Transport-Security"]

    sent_on, _ = proxy.ask("/admin/login/?next=/admin/", plain=True)
    assert (sent_on.status, sent_on.headers["Location"]) == (308, f"https://{HOST}/admin/login/?next=/admin/")


@pytest.mark.parametrize(
    "target",
    [
        "/metrics",
        "/metrics?x",
        "//metrics",
        "/%6detrics",
        "/x/../metrics",
        "/metrics/",
        "/health/ready",
        "/health//ready",
    ],
)
def test_what_is_for_the_inside_does_not_go_out(proxy: Proxy, target: str) -> None:
    answer, body = proxy.ask(target)
    assert answer.status == 404
    assert b"nova_" not in body


def test_what_a_client_says_of_itself_is_not_believed(proxy: Proxy) -> None:
    """Without TLS as it says, it would be sent to https; as somebody else at each call, it could fail for ever."""
    assert proxy.ask("/admin/login/", X_Forwarded_Proto="http")[0].status == 200
    statuses = {proxy.ask("/api/v1/events", X_Forwarded_For=f"192.0.2.{number}")[0].status for number in range(8)}
    assert statuses == {401, 429}


def test_a_body_that_is_too_large_is_refused_by_nova_and_a_large_one_is_taken(proxy: Proxy) -> None:
    token, _ = create_token("large", scopes=["events:append"])
    said: dict[str, Any] = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
    target = "/api/v1/streams/post/p1/events"
    # Whole, and no array of events.
    assert proxy.ask(target, method="POST", body=b" " * (15 * MEGABYTE) + b"1", **said)[0].status == 422
    refused, _ = proxy.ask(target, method="POST", body=b" " * (16 * MEGABYTE + 1), **said)
    assert (refused.status, refused.headers["Content-Type"]) == (413, "application/problem+json")
