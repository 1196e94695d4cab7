"""Key set: the identity provider's public keys (RFC 7517), asked for seldom and kept while the provider is away.

A key that is not known is asked for at once, for the provider may have changed its keys, but not for every token that
somebody makes up. What the provider no longer publishes is no longer trusted from the next answer on.
"""

import time
import urllib.request
from collections.abc import Mapping
from threading import Lock
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from nova.exceptions import KeysUnavailable

TIMEOUT = 3.0
"""Seconds that the provider may take."""
MAX_BYTES = 256 * 1024
LEAST_INTERVAL = 10.0
"""Seconds between two questions, whatever tokens come."""
MAX_AGE = 24 * 3_600.0
"""Seconds for which keys are used of a provider that does not answer."""

log = structlog.get_logger(__name__)


class Keys(Struct, frozen=True):
    """An answer of the provider."""

    by_id: Mapping[str, Mapping[str, Any]]
    at: float
    """Monotonic seconds."""


class KeySet:
    """The keys that one address publishes, as this process knows them."""

    def __init__(self, url: str, *, lifetime: float) -> None:
        """`lifetime` is for how many seconds an answer is used before the provider is asked again."""
        self._url = url
        self._lifetime = lifetime
        self._keys: Keys | None = None
        self._asked = float("-inf")
        self._asking = Lock()

    def key(self, key_id: str) -> Mapping[str, Any] | None:
        """The key of that id; None where the provider has none. Raises `KeysUnavailable` where nobody can tell."""
        known = self._keys
        found = known.by_id.get(key_id) if known else None
        is_old = known is None or time.monotonic() - known.at > self._lifetime
        # With a key at hand, one thread asks and the others go on.
        if (found is None or is_old) and self._asking.acquire(blocking=found is None):
            try:
                self._ask_again(key_id, known)
            finally:
                self._asking.release()
        known = self._keys
        if known is None or time.monotonic() - known.at > MAX_AGE:
            raise KeysUnavailable
        return known.by_id.get(key_id)

    def _ask_again(self, key_id: str, known: Keys | None) -> None:
        # Whoever had the lock before may have asked for it too.
        if self._keys is not known and self._keys is not None and key_id in self._keys.by_id:
            return
        now = time.monotonic()
        if now - self._asked < LEAST_INTERVAL:
            return
        self._asked = now
        try:
            self._keys = Keys(_fetched(self._url), now)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            # Its text may hold anything that the provider, or a proxy in front of it, has sent.
            log.warning("the identity provider's keys could not be read", error=type(error).__name__)


def _fetched(url: str) -> dict[str, Mapping[str, Any]]:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 - settings name it, and a check its scheme
        body = answer.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise ValueError("too many keys")
    published = msgspec.json.decode(body, type=_Published)
    return {key["kid"]: key for key in published.keys if isinstance(key.get("kid"), str) and key.get("use") != "enc"}


class _Published(Struct):
    keys: list[dict[str, Any]]
