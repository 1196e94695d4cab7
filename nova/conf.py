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
    failure_rate: Annotated[str, Setting("NOVA_API_FAILURE_RATE")] = "120/m"
    """Most requests from one client's address that may fail for want of rights or of such a resource, before it has to
    wait. Tokens that are in use go on being served."""
    wished_token_cache_seconds: Annotated[
        float, Setting("NOVA_API_TOKEN_CACHE_SECONDS", check="nova.E002"), Meta(ge=0)
    ] = 3.0
    """For how long a process trusts what it knows of a token; at most 5 seconds."""
    max_body_bytes: Annotated[int | None, Setting("DATA_UPLOAD_MAX_MEMORY_SIZE", in_environment=False)] = (
        16 * 1024 * 1024
    )
    """Most bytes of a request's body; none for as many as come."""
    max_bytes_in_flight: Annotated[int, Setting("NOVA_MAX_BYTES_IN_FLIGHT"), Meta(ge=64 * 1024 * 1024)] = (
        256 * 1024 * 1024
    )
    """Most bytes of large bodies and answers that a web process keeps for slow clients; more are asked to come back."""
    client_timeout: Annotated[float, Setting("NOVA_CLIENT_TIMEOUT"), Meta(ge=0.1, le=3_600)] = 15.0
    """Seconds that a client may take to send the head of a request or 64 KiB of its body, or to take 64 KiB of the
    answer."""
    web_threads: Annotated[int, Setting("NOVA_WEB_THREADS"), Meta(ge=1, le=1_000)] = 32
    """Threads of a web process that answer requests: as many are answered at once, and each takes a connection of the
    pool only while it asks the database something."""
    ready_processes: Annotated[tuple[str, ...], Setting("NOVA_READY_PROCESSES")] = ("all",)
    """The loops that must have given a sign of life, by name; `all`, or empty for none."""
    ready_runners: Annotated[tuple[str, ...], Setting("NOVA_READY_RUNNERS")] = ("projections",)
    """The runners that workers host here, besides consumers."""

    @property
    def token_cache_seconds(self) -> float:
        """For how long a process trusts what it knows of a token."""
        return min(self.wished_token_cache_seconds, MAX_TOKEN_CACHE)


nova_conf = reader(NovaConf)
