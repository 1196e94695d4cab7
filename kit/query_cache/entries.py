"""Entry: an answer in Redis, with the versions that its tags had before its query; and who computes it if none is."""

from hashlib import blake2b
from typing import cast

import msgspec
import redis
from msgspec import Struct

from kit.query_cache.tags import PREFIX, versions_of

COMPUTING = 2_000
"""Milliseconds for which whoever computes an answer is waited for; then another one does."""
MAX_BYTES = 256 * 1024
"""An answer that is larger is not kept."""


class Kept(Struct, frozen=True, array_like=True):
    """What Redis has."""

    versions: list[bytes]
    answer: bytes


class Look(Struct, frozen=True, kw_only=True):
    """What was found."""

    versions: list[bytes]
    """Those of the tags, from before any query that follows."""
    answer: bytes | None
    """None where there is none of these versions."""
    is_mine: bool = False
    """Whether whoever has looked is to compute it; nobody else does meanwhile."""


class Entry:
    """A place for one answer."""

    def __init__(self, address: str, tags: tuple[str, ...]) -> None:
        self._address = address
        self._tags = tags

    def look(self, client: redis.Redis) -> Look:
        """The answer, if it is there; if not, whether this one computes it. Raises `redis.RedisError`."""
        asked = [self._address, *(PREFIX + tag for tag in self._tags)]
        kept, *found = cast("list[bytes | None]", client.mget(asked))
        versions = versions_of(client, self._tags, found)
        if kept is not None:
            entry = msgspec.msgpack.decode(kept, type=Kept)
            if entry.versions == versions:
                return Look(versions=versions, answer=entry.answer)
        is_mine = client.set(self._lock(versions), b"", nx=True, px=COMPUTING)
        return Look(versions=versions, answer=None, is_mine=bool(is_mine))

    def keep(self, client: redis.Redis, look: Look, answer: bytes, lifetime: int) -> bool:
        """Keep an answer whose query came after the look. Raises `redis.RedisError`."""
        if len(answer) > MAX_BYTES:
            return self.give_up(client, look)
        entry = msgspec.msgpack.encode(Kept(versions=look.versions, answer=answer))
        return bool(client.set(self._address, entry, ex=lifetime))

    def give_up(self, client: redis.Redis, look: Look) -> bool:
        """Let others compute it. Raises `redis.RedisError`."""
        return bool(client.delete(self._lock(look.versions)))

    def _lock(self, versions: list[bytes]) -> str:
        # Of these versions: whoever knows of a change does not wait for what is computed from before it.
        return f"{self._address}:{blake2b(b''.join(versions), digest_size=8).hexdigest()}"
