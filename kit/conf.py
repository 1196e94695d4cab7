"""Shared settings: those that several apps read, whose structs inherit them."""

from typing import Annotated

from msgspec import Meta, Struct

from kit.server_urls import ENCODE, REDIS_URL
from kit.settings import Setting, reader


class SharedConf(Struct, frozen=True, kw_only=True):
    """The settings that several apps read."""

    redis_url: Annotated[
        str,
        Setting("REDIS_URL", must="be redis://…, rediss://… or unix://…", hint=f"Host and port as usual; {ENCODE}."),
        Meta(pattern=REDIS_URL),
    ] = ""
    """Redis, where wake-ups travel and caches lie."""
    beat_interval: Annotated[int, Setting("NOVA_BEAT_INTERVAL"), Meta(ge=1, le=5)] = 4
    """Seconds between two looks at the rows by beat, whatever wake-ups arrive."""


shared_conf = reader(SharedConf)
