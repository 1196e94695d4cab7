"""Health of a running Nova: its web process knows; `/health/ready` answers 200, or names what is not ready."""

import json
import time
import urllib.error
import urllib.request

from nova.local.identity import is_alive
from nova.local.services import Services

# Several processes ask at nearly the same time while they start; one answer serves them all. Seconds.
SAME_ANSWER = 0.3


class Readiness:
    """Asks a web process whether the whole platform is ready."""

    def __init__(self, web_url: str) -> None:
        self._url = f"{web_url}/health/ready"
        self._asked = 0.0
        self._answer: str | None = None

    def __call__(self) -> str | None:
        """What the platform waits for; None when it is ready."""
        if time.monotonic() - self._asked > SAME_ANSWER:
            self._answer = self._ask()
            self._asked = time.monotonic()
        return self._answer

    def _ask(self) -> str | None:
        try:
            with urllib.request.urlopen(self._url, timeout=2):  # noqa: S310 - loopback, our own scheme
                return None
        except urllib.error.HTTPError as refusal:
            with refusal:
                return _what_is_missing(refusal.read())
        except OSError:
            return "starting"


def process_health(services: Services) -> dict[str, str]:
    """Each process's state in words: `running (process 17)` or `dead`."""
    return {name: f"running (process {pid})" if is_alive(pid) else "dead" for name, pid in services.processes.items()}


def _what_is_missing(body: bytes) -> str:
    """The names of the checks that fail, from a body like `{"checks": {"kafka": "unreachable", "database": "ok"}}`."""
    try:
        checks = json.loads(body)["checks"]
        return "waiting for " + ", ".join(name for name, state in checks.items() if state != "ok")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "not ready"
