"""Settings of the API and of the health probes."""

from typing import Annotated

from msgspec import Meta

from kit.conf import SharedConf
from kit.settings import Setting, reader

# What is promised to whoever revokes a token. Seconds.
MAX_TOKEN_CACHE = 5.0


class NovaConf(SharedConf, frozen=True, kw_only=True):
    """How the API treats its callers, and what must work before this installation counts as ready."""

    rate: Annotated[str, Setting("NOVA_API_RATE")] = "600/s"
    """Most requests of one token in a second, minute, hour or day, such as `600/s` or `10000/m`."""
    wished_token_cache_seconds: Annotated[
        float, Setting("NOVA_API_TOKEN_CACHE_SECONDS", check="nova.E002"), Meta(ge=0)
    ] = 3.0
    """For how long a process trusts what it knows of a token; at most 5 seconds."""
    max_body_bytes: Annotated[int | None, Setting("DATA_UPLOAD_MAX_MEMORY_SIZE", in_environment=False)] = (
        16 * 1024 * 1024
    )
    """Most bytes of a request's body; none for as many as come."""
    ready_processes: Annotated[tuple[str, ...], Setting("NOVA_READY_PROCESSES")] = ("all",)
    """The loops that must have given a sign of life, by name; `all`, or empty for none."""
    ready_runners: Annotated[tuple[str, ...], Setting("NOVA_READY_RUNNERS")] = ("projections",)
    """The runners that workers host here, besides consumers."""

    @property
    def token_cache_seconds(self) -> float:
        """For how long a process trusts what it knows of a token."""
        return min(self.wished_token_cache_seconds, MAX_TOKEN_CACHE)


nova_conf = reader(NovaConf)
